"""Where VICIdial's agents are: `vicidial_live_agents`, and the servers it names."""

import re
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from sqlalchemy import TextClause, text

from callcue.api.agents import AgentsOutOfReach, OtherAgent, RoomUnnamed, ServerUnknown
from callcue.core.errors import CannotPlayHere
from callcue.core.ports import AgentSession
from callcue.core.types import Conference

from .database import Database, OutOfReach
from .impatient import Impatient
from .kept import Kept

SOURCE = "vicidial"
SHORTEST = 6
"""Characters of a room's number, and of a server's address; VICIdial's own check."""

RECENT_MINUTES = 5

CONTEXT_OUT_OF_REACH = "VICIdial's database, which has the dialplan's context, does not answer"

_ROOM = re.compile(rf"[0-9]{{{SHORTEST},20}}")
_ADDRESS = re.compile(rf"[0-9A-Fa-f.:]{{{SHORTEST},45}}")

_SEAT = text(
    "SELECT conf_exten AS room, server_ip AS address FROM vicidial_live_agents"
    " WHERE user = :agent ORDER BY live_agent_id LIMIT 1"
)
_CONTEXT = text("SELECT ext_context FROM servers WHERE server_ip = :address LIMIT 1")
_LEAD = text(
    "SELECT lead_id FROM vicidial_live_agents WHERE user = :agent ORDER BY live_agent_id LIMIT 1"
)
_OTHER_NOW = text(
    "SELECT user, conf_exten AS room, server_ip AS address FROM vicidial_live_agents"
    " WHERE user <> :agent AND lead_id = :lead ORDER BY last_call_time LIMIT 1"
)
_OTHER_BEFORE = text(
    "SELECT user, conf_exten AS room, server_ip AS address FROM vicidial_sessions_recent"
    " WHERE user <> :agent AND lead_id = :lead AND call_date > NOW() - INTERVAL :minutes MINUTE"
    " ORDER BY call_date DESC LIMIT 1"
)
_FROM_ELSEWHERE = text("SELECT COUNT(*) FROM vicidial_ccc_log WHERE lead_id = :lead")

_Seat = tuple[str, str]


class VicidialAgents:
    """Implements `callcue.api.agents.AgentRooms` and `Leads`."""

    def __init__(
        self,
        database: Database,
        servers: Mapping[str, str],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """*servers*: VICIdial's `server_ip` to the name of an Asterisk of the settings."""
        self._database = database
        self._servers = dict(servers)
        self._seats: Kept[str, _Seat | None] = Kept(self._seat, clock=clock)
        self._contexts: Impatient[str, str] = Impatient(self._context, clock=clock)

    def name_servers(self, servers: Mapping[str, str]) -> None:
        """VICIdial's `server_ip` to the name of an Asterisk of the settings: from now on these."""
        self._servers = dict(servers)

    async def find(self, agent: str) -> AgentSession | None:
        """See `AgentRooms.find`."""
        if not agent:
            return None
        try:
            seat = await self._seats.get(agent)
        except OutOfReach as error:
            raise AgentsOutOfReach(str(error)) from None
        return None if seat is None else self.session(*seat)

    def session(self, room: str, address: str) -> AgentSession:
        """See `Leads.session`. What is no number of a room never gets any further."""
        if not _ROOM.fullmatch(room) or not _ADDRESS.fullmatch(address):
            raise RoomUnnamed
        if address not in self._servers:
            raise ServerUnknown(address)
        return AgentSession(Conference(self._servers[address], room), SOURCE, address=address)

    async def context(self, server: str) -> str:
        """The dialplan context of that Asterisk: `servers.ext_context`.

        Raises:
            CannotPlayHere: nobody can say it.

        """
        for address, name in self._servers.items():
            if name == server:
                try:
                    context = await self._contexts.get(address)
                except OutOfReach:
                    raise CannotPlayHere(CONTEXT_OUT_OF_REACH) from None
                if context:
                    return context
        raise CannotPlayHere("VICIdial's table of servers does not have this one")

    # ---- leads ------------------------------------------------------------------------------

    async def lead_of(self, agent: str) -> int | None:
        """See `Leads.lead_of`."""
        rows = await self._rows(_LEAD, agent=agent)
        return int(rows[0][0] or 0) if rows else None

    async def other_on(self, lead: int, agent: str) -> OtherAgent | None:
        """See `Leads.other_on`."""
        rows = await self._rows(_OTHER_NOW, lead=lead, agent=agent)
        if not rows:
            rows = await self._rows(_OTHER_BEFORE, lead=lead, agent=agent, minutes=RECENT_MINUTES)
        if not rows:
            return None
        return OtherAgent(str(rows[0].user), str(rows[0].room or ""), str(rows[0].address or ""))

    async def came_from_elsewhere(self, lead: int) -> bool:
        """See `Leads.came_from_elsewhere`."""
        rows = await self._rows(_FROM_ELSEWHERE, lead=lead)
        return bool(rows[0][0])

    async def _rows(self, question: TextClause, **values: str | int) -> Any:
        try:
            return await self._database.rows(question, values)
        except OutOfReach as error:
            raise AgentsOutOfReach(str(error)) from None

    # ---- look-ups ---------------------------------------------------------------------------

    async def _seat(self, agent: str) -> _Seat | None:
        rows = await self._database.rows(_SEAT, {"agent": agent})
        return (str(rows[0].room or ""), str(rows[0].address or "")) if rows else None

    async def _context(self, address: str) -> str:
        rows = await self._database.rows(_CONTEXT, {"address": address})
        return str(rows[0].ext_context or "") if rows else ""
