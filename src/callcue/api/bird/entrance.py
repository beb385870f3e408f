"""Who comes in: the access key, its workspace, and whether its scopes allow the route."""

import re
from dataclasses import dataclass
from uuid import UUID

from aiohttp import hdrs, web

from callcue.api.address import ClientAddress
from callcue.api.counts import TurnedAway, Turnstile, Uncounted
from callcue.api.keys import AccessKey, AccessKeys, KeysOutOfReach, TooManyWrongKeys, WrongKey
from callcue.api.rates import Paces, TooOften
from callcue.api.rights import Right

from . import refusals
from .promises import Promise
from .workspaces import Workspace, Workspaces

SCHEME = "AccessKey"

UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, and what the asker may see."""

    key: AccessKey
    workspace: Workspace
    promise: Promise | None = None
    """What is known of the request, where it may come again."""


class Entrance:
    """Lets requests in, or refuses them."""

    def __init__(
        self,
        keys: AccessKeys,
        workspaces: Workspaces,
        address: ClientAddress,
        paces: Paces,
        count: Turnstile | None = None,
    ) -> None:
        """*paces*: how often each key may ask."""
        self._keys = keys
        self._workspaces = workspaces
        self._address = address
        self._paces = paces
        self._count = count or Uncounted()

    def admit(self, request: web.Request, right: Right, *, stops: bool = False) -> Visit:
        """Who asks. *stops*: what is asked ends a clip.

        Raises:
            Refused: 401 without a right key, 429 after too many wrong ones and where the key asks
                too often, 404 for another's workspace, 403 where the key lacks the scope, 503
                while nobody knows the keys.

        """
        key = self._key(request, stops=stops)
        workspace = self._workspaces.find(path_id(request, "workspaceId", "workspace"))
        if workspace is None or workspace.id != key.workspace:
            raise refusals.not_found("workspace")
        self._check_scope(key, right)
        return Visit(key, workspace)

    def scope(self, request: web.Request, right: Right) -> AccessKey:
        """Who asks for what belongs to no workspace.

        Raises:
            Refused: as `admit`.

        """
        key = self._key(request)
        self._check_scope(key, right)
        return key

    def scope_unless_here(self, request: web.Request, right: Right) -> None:
        """As `scope`, but whoever asks from this machine is asked nothing."""
        if not self._address.is_here(request):
            self.scope(request, right)

    def _check_scope(self, key: AccessKey, right: Right) -> None:
        if right not in key.scopes:
            self._count.turned_away(TurnedAway.NOT_ALLOWED)
            raise refusals.scope_missing(right)

    def _key(self, request: web.Request, *, stops: bool = False) -> AccessKey:
        key = self._known(request)
        try:
            self._paces.let_in(key.digest, key.name, stops=stops)
        except TooOften as too_often:
            raise refusals.rate_limited(too_often.seconds) from None
        return key

    def _known(self, request: web.Request) -> AccessKey:
        given = request.headers.getall(hdrs.AUTHORIZATION, ())
        scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != SCHEME.lower() or not key.strip():
            self._count.turned_away(TurnedAway.WRONG_LOGIN)
            raise refusals.unauthorized()
        try:
            found = self._keys.find(key.strip(), self._address.of(request))
        except WrongKey:
            self._count.turned_away(TurnedAway.WRONG_LOGIN)
            raise refusals.unauthorized() from None
        except KeysOutOfReach:
            raise refusals.keys_out_of_reach() from None
        except TooManyWrongKeys as locked:
            self._count.turned_away(TurnedAway.LOCKED_OUT)
            raise refusals.too_many_wrong_keys(locked.seconds) from None
        if self._workspaces.find(found.workspace) is None:
            # Kept in the store, and the settings have that workspace no more.
            self._count.turned_away(TurnedAway.WRONG_LOGIN)
            raise refusals.unauthorized()
        return found


def path_id(request: web.Request, name: str, what: str) -> UUID:
    """The UUID at that place of the path; 404 if it is none."""
    text = request.match_info[name]
    if not UUID_FORM.fullmatch(text):
        raise refusals.not_found(what)
    return UUID(text)
