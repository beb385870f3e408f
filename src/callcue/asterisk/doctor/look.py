"""Gathers the evidence: asks, and starts one probe that tries what callcue needs, heard by nobody.

The probe is a `Local` channel with ids as all of ours have, so a callcue that runs beside takes no
note of it. It ends by our Hangup, or by its own time limit.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from callcue.asterisk.action import HeaderValue
from callcue.asterisk.answer import items_of, reply_of
from callcue.asterisk.connection import Connection
from callcue.asterisk.errors import ActionRefused, LinkError, NotConnected
from callcue.asterisk.ids import PROBE
from callcue.asterisk.message import AmiEvent, Reply
from callcue.asterisk.probe import PROBE_CONTEXT
from callcue.asterisk.snapshot import AGENT, CALL_ID, TAG

from .events import AT_ITS_END, UNWANTED, WANTED
from .evidence import Evidence
from .media import TRIED

LISTENED_TO = WANTED | UNWANTED
DEADLINE = 2.0
BOOT_PATIENCE = 3.0
PROBE_PATIENCE = 6.0
"""For a sound that Asterisk has to fetch first; else all is there in half a second."""
ROOM_PATIENCE = 1.0
END_PATIENCE = 1.5

_SETTABLE: Mapping[str, tuple[str, HeaderValue]] = {
    "VOLUME": ("VOLUME(TX)", 1),
    "MUTEAUDIO": ("MUTEAUDIO(out)", "off"),
    "CDR_PROP": ("CDR_PROP(disable)", 1),
}


class Look:
    """Looks at one Asterisk, once."""

    def __init__(self, sound: str) -> None:
        """*sound*: what this Asterisk calls a clip of ours, empty if there is none to look for."""
        self.evidence = Evidence()
        self._sound = sound
        self._see = f"{PROBE}{uuid4()}"
        self._hear = f"{self._see}-2"
        self._room = f"callcue-doctor-{uuid4()}"
        self._news = asyncio.Event()

    def on_event(self, event: AmiEvent) -> None:
        """Take note of what is about the probe; calls are nobody's business here."""
        halves = (self._see, self._hear)
        whose = (event.get("Uniqueid"), event.get("SpyerUniqueid"), event.get("LocalOneUniqueid"))
        if any(one in halves for one in whose) or event.get("Conference") == self._room:
            if event.get("Revision") and not self.evidence.heard_at:
                self.evidence.heard_at = time.time() - (time.monotonic() - event.received_at)
            self.evidence.events.append(event)
            self._news.set()

    async def look(self, connection: Connection) -> None:
        """Fill the evidence; *connection* is logged in.

        Raises:
            LinkError: the connection was lost on the way.

        """
        found = self.evidence
        either: set[asyncio.Future[Any]] = {connection.booted, connection.lost}
        await asyncio.wait(either, timeout=BOOT_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        found.booted = connection.booted.done()
        commands = await self._asked(connection, "ListCommands")
        if commands is not None:
            found.permitted = frozenset(commands.fields)
        await self._settings(connection)
        await self._dialplan(connection)
        if found.may("Originate"):
            await self._probe(connection)

    async def _settings(self, connection: Connection) -> None:
        settings = await self._asked(connection, "CoreSettings")
        if settings is not None:
            self.evidence.version = settings.get("AsteriskVersion")
            self.evidence.records_calls = settings.get("CoreCDRenabled").lower() != "no"

    async def _dialplan(self, connection: Connection) -> None:
        if not self.evidence.may("ShowDialPlan"):
            return
        where: dict[str, HeaderValue] = {"Context": PROBE_CONTEXT}
        try:
            answer = await connection.call(
                "ShowDialPlan", where, deadline=DEADLINE, wants_list=True
            )
            steps = items_of("ShowDialPlan", answer)
        except ActionRefused as refused:
            found = "find" in refused.message.lower()  # Did not find context ...
            self.evidence.extensions = frozenset() if found else None
            return
        self.evidence.extensions = frozenset(step.get("Extension") for step in steps)

    async def _probe(self, connection: Connection) -> None:
        found = self.evidence
        found.asked_at = time.time()
        headers: dict[str, HeaderValue] = {
            "Channel": f"Local/hear@{PROBE_CONTEXT}/n",
            "Context": PROBE_CONTEXT,
            "Exten": "doctor",
            "Priority": 1,
            "ChannelId": self._see,
            "OtherChannelId": self._hear,
            "Async": "true",
        }
        variables: dict[str, HeaderValue] = {
            AGENT: "callcue-doctor",
            CALL_ID: str(uuid4()),
            TAG: "callcue-doctor",
            "CALLCUE_PARTY": self._see,
            "CALLCUE_ROOM": self._room,
            "CALLCUE_CLIP_1": self._sound,
        }
        try:
            answer = await connection.call("Originate", headers, variables, deadline=DEADLINE)
            reply_of("Originate", answer)
        except ActionRefused as refused:
            found.refused = refused.message
            return
        found.started = True
        try:
            await self._until(self._sound_is_tried, PROBE_PATIENCE)
            await self._until(self._all_is_tried, ROOM_PATIENCE)
            await self._what_they_do(connection)
            await self._set(connection)
        finally:
            done = await self._asked(connection, "Hangup", {"Channel": self._see})
            found.hung_up = done is not None or "Hangup" in found.names
            if found.hung_up:
                await self._until(lambda: found.names >= AT_ITS_END, END_PATIENCE)

    def _sound_is_tried(self) -> bool:
        return self.evidence.tried(TRIED) is not None or self._all_is_tried()

    def _all_is_tried(self) -> bool:
        found = self.evidence
        if "Hangup" in found.names or found.tried("ConfBridge") is not None:
            return True
        return {"ConfbridgeJoin", "BridgeEnter", "ChanSpyStart"} <= found.names

    async def _what_they_do(self, connection: Connection) -> None:
        for name, half in (("see", self._see), ("hear", self._hear)):
            try:
                answer = await connection.call(
                    "Status", {"Channel": half}, deadline=DEADLINE, wants_list=True
                )
                for status in items_of("Status", answer):
                    self.evidence.applications[name] = status.get("Application")
            except ActionRefused:
                continue

    async def _set(self, connection: Connection) -> None:
        """Functions that can only be set have no other way to be asked for."""
        if not self.evidence.may("Setvar") or not self.evidence.applications.get("see"):
            return
        for function, (variable, value) in _SETTABLE.items():
            headers: dict[str, HeaderValue] = {
                "Channel": self._see,
                "Variable": variable,
                "Value": value,
            }
            done = await self._asked(connection, "Setvar", headers)
            self.evidence.settable[function] = done is not None

    async def _until(self, condition: Callable[[], bool], patience: float) -> None:
        """Wait for it, looking again at each event, and for so long."""
        try:
            async with asyncio.timeout(patience):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return

    @staticmethod
    async def _asked(
        connection: Connection, name: str, headers: Mapping[str, HeaderValue] | None = None
    ) -> Reply | None:
        """The reply; None if Asterisk refuses it."""
        try:
            return reply_of(name, await connection.call(name, headers or {}, deadline=DEADLINE))
        except ActionRefused:
            return None
        except LinkError as error:
            raise NotConnected(str(error)) from error
