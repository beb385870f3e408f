"""Who comes in: the access key, its workspace, and whether its scopes allow the route."""

import re
from dataclasses import dataclass
from uuid import UUID

from aiohttp import hdrs, web

from callcue.api.address import ClientAddress
from callcue.api.keys import AccessKey, AccessKeys, TooManyWrongKeys, WrongKey
from callcue.api.rights import Right

from . import refusals
from .workspaces import Workspace, Workspaces

SCHEME = "AccessKey"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, and what the asker may see."""

    key: AccessKey
    workspace: Workspace


class Entrance:
    """Lets requests in, or refuses them."""

    def __init__(self, keys: AccessKeys, workspaces: Workspaces, address: ClientAddress) -> None:
        self._keys = keys
        self._workspaces = workspaces
        self._address = address

    def admit(self, request: web.Request, right: Right) -> Visit:
        """Who asks.

        Raises:
            Refused: 401 without a right key, 429 after too many wrong ones, 404 for another's
                workspace, 403 where the key lacks the scope.

        """
        key = self._key(request)
        workspace = self._workspaces.find(path_id(request, "workspaceId", "workspace"))
        if workspace is None or workspace.id != key.workspace:
            raise refusals.not_found("workspace")
        if right not in key.scopes:
            raise refusals.scope_missing(right)
        return Visit(key, workspace)

    def scope(self, request: web.Request, right: Right) -> AccessKey:
        """Who asks for what belongs to no workspace.

        Raises:
            Refused: as `admit`.

        """
        key = self._key(request)
        if right not in key.scopes:
            raise refusals.scope_missing(right)
        return key

    def _key(self, request: web.Request) -> AccessKey:
        given = request.headers.getall(hdrs.AUTHORIZATION, ())
        scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != SCHEME.lower() or not key.strip():
            raise refusals.unauthorized()
        try:
            return self._keys.find(key.strip(), self._address.of(request))
        except WrongKey:
            raise refusals.unauthorized() from None
        except TooManyWrongKeys as locked:
            raise refusals.too_many_wrong_keys(locked.seconds) from None


def path_id(request: web.Request, name: str, what: str) -> UUID:
    """The UUID at that place of the path; 404 if it is none."""
    text = request.match_info[name]
    if not _UUID.fullmatch(text):
        raise refusals.not_found(what)
    return UUID(text)
