"""The live calls that a key sees, and whether it may play to everybody in their rooms."""

import base64
from collections.abc import Callable, Iterable
from uuid import UUID

from callcue.core.controller import Controller
from callcue.core.errors import AsteriskUnavailable, CannotPlayHere
from callcue.core.playback import Playback
from callcue.core.ports import Call
from callcue.core.types import CallId

from . import refusals, views
from .entrance import Visit
from .models import PageQuery
from .views import View
from .workspaces import Channel, Workspaces


class LiveCalls:
    """Looks calls up, for those who may see them."""

    def __init__(
        self, controller: Controller, workspaces: Workspaces, servers: Callable[[], Iterable[str]]
    ) -> None:
        """*servers*: the names of every Asterisk there is now."""
        self._controller = controller
        self._workspaces = workspaces
        self._servers = servers

    def channel(self, visit: Visit, channel_id: UUID) -> Channel:
        """The channel of that id, if it is the visitor's."""
        channel = visit.workspace.channels.get(channel_id)
        if channel is None:
            raise refusals.not_found("channel")
        return channel

    def call(self, channel: Channel, call_id: CallId) -> Call:
        """The live call of that id, if it is that channel's.

        Raises:
            Refused: 404.
            AsteriskUnavailable: it may well be there, but we cannot see.

        """
        call = self._controller.directory.call(call_id)
        if call is not None and channel.owns(call):
            return call
        self._must_be_seen(channel)
        raise refusals.not_found("live call")

    def of_workspace(self, visit: Visit, call_id: CallId) -> Call:
        """The live call of that id, if it is one of the visitor's, of whichever channel.

        Raises:
            Refused: 404.
            AsteriskUnavailable: it may well be there, but we cannot see.

        """
        call = self._controller.directory.call(call_id)
        if call is not None and visit.workspace.owns(call):
            return call
        self._all_must_be_seen(visit)
        raise refusals.not_found("live call")

    def tagged(self, visit: Visit, tag: str) -> list[Call]:
        """The visitor's calls that have that tag, in the order of their ids.

        Raises:
            AsteriskUnavailable: there may be more, but we cannot see.

        """
        self._all_must_be_seen(visit)
        with_it = (call for call in self._controller.directory.calls() if tag in call.tags)
        return sorted((c for c in with_it if visit.workspace.owns(c)), key=lambda call: call.id)

    def page(self, channel: Channel, query: PageQuery) -> tuple[list[Call], str | None]:
        """A page of that channel's calls, in the order of their ids, and the next one's token."""
        self._must_be_seen(channel)
        after = _from_token(query.pageToken)
        mine = (call for call in self._controller.directory.calls() if channel.owns(call))
        found = sorted((c for c in mine if after is None or c.id > after), key=lambda c: c.id)
        page = found[: query.limit]
        more = len(found) > len(page)
        return page, _to_token(page[-1].id) if more else None

    async def shown(self, channel: Channel, call: Call) -> View:
        """A call in full: also how everyone in it would be played to, or why nobody can be."""
        try:
            join, why_not = await self._controller.way_to(call.place), None
        except CannotPlayHere as error:
            join, why_not = None, str(error)
        return {**views.call(call, channel.id), "join": join, "cannotPlay": why_not}

    def is_shared(self, visit: Visit, call: Call) -> bool:
        """Whether a call that is another workspace's is in the same room."""
        others = self._controller.others_in(call)
        return any(self._workspaces.is_strange(other, visit.workspace) for other in others)

    def seen_in(self, visit: Visit, playback: Playback) -> Call | None:
        """A call of the visitor's own that hears that playback."""
        for call in self._controller.directory.parties(playback.place):
            if visit.workspace.owns(call):
                return None if self.is_shared(visit, call) else call
        return None

    def _all_must_be_seen(self, visit: Visit) -> None:
        for channel in visit.workspace.channels.values():
            self._must_be_seen(channel)

    def _must_be_seen(self, channel: Channel) -> None:
        for server in self._servers():
            if channel.on_server(server) and not self._controller.directory.available(server):
                raise AsteriskUnavailable(server)


def is_own(visit: Visit, playback: Playback) -> bool:
    """Whether the visitor's workspace asked for that playback."""
    return playback.request.asked_by.workspace == visit.workspace.id


def is_strange(visit: Visit, playback: Playback) -> bool:
    """Whether another workspace asked for that playback."""
    workspace = playback.request.asked_by.workspace
    return workspace is not None and workspace != visit.workspace.id


def _to_token(call_id: CallId) -> str:
    return base64.urlsafe_b64encode(call_id.bytes).decode().rstrip("=")


def _from_token(token: str) -> UUID | None:
    """What `_to_token` made it of. The query's model has let nothing else in."""
    return UUID(bytes=base64.urlsafe_b64decode(token + "==")) if token else None
