"""Workspaces and their channels: which calls are whose."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from uuid import UUID

from callcue.core.ports import Call

EVERYTHING = ("*",)


@dataclass(frozen=True, slots=True)
class Channel:
    """Owns the calls that match all four: server, context, endpoint and dialled number."""

    id: UUID
    server: str = "*"
    contexts: tuple[str, ...] = EVERYTHING
    endpoints: tuple[str, ...] = EVERYTHING
    numbers: tuple[str, ...] = EVERYTHING

    def owns(self, call: Call) -> bool:
        """Whether that call is this channel's."""
        return (
            self.on_server(call.place.server)
            and _any_matches(self.contexts, call.context)
            and _any_matches(self.endpoints, call.endpoint)
            and _any_matches(self.numbers, call.number)
        )

    def on_server(self, server: str) -> bool:
        """Whether calls of that server can be this channel's."""
        return fnmatchcase(server, self.server)


@dataclass(frozen=True, slots=True)
class Workspace:
    """What an access key sees: the calls of these channels, and nothing else."""

    id: UUID
    channels: Mapping[UUID, Channel]

    def owns(self, call: Call) -> bool:
        """Whether any of the channels owns that call."""
        return any(channel.owns(call) for channel in self.channels.values())


class Workspaces:
    """All of them."""

    def __init__(self, workspaces: Iterable[Workspace]) -> None:
        self._by_id: dict[UUID, Workspace] = {}
        self.replace(workspaces)

    def replace(self, workspaces: Iterable[Workspace]) -> None:
        """From now on there are these."""
        self._by_id = {workspace.id: workspace for workspace in workspaces}

    def find(self, workspace_id: UUID) -> Workspace | None:
        """The workspace of that id."""
        return self._by_id.get(workspace_id)

    def owners(self, calls: Collection[Call]) -> list[Workspace]:
        """Those that own any of these calls."""
        return [w for w in self._by_id.values() if any(w.owns(call) for call in calls)]

    def is_strange(self, call: Call, workspace: Workspace) -> bool:
        """Whether that call belongs to other workspaces, and not to this one."""
        return not workspace.owns(call) and any(w.owns(call) for w in self._by_id.values())


def _any_matches(patterns: tuple[str, ...], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
