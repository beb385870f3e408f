"""One Asterisk, as the rest of callcue sees it: a player, a directory and sounds over one link."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from callcue.asterisk import directory, legs, probe
from callcue.asterisk.address import ServerAddress
from callcue.asterisk.dialplan import RoomContext
from callcue.asterisk.directory import Directory
from callcue.asterisk.errors import LinkError
from callcue.asterisk.figures import LinkFigures
from callcue.asterisk.gate import user_events, variables
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.player import LegPlayer
from callcue.asterisk.probe import SoundProbe
from callcue.asterisk.resting import RESUMABLE
from callcue.asterisk.snapshot import take_snapshot
from callcue.core.controller import Controller
from callcue.core.errors import AsteriskUnavailable
from callcue.core.ports import MediaLibrary
from callcue.core.refusals import Bound, Refusals
from callcue.core.types import Milliseconds
from callcue.media.sounds import AsteriskSounds, Missing

NOWHERE = "callcue-no-such-sound"


@dataclass(frozen=True, slots=True)
class AsteriskAddress:
    """Where an Asterisk is, and what the operator says of it."""

    name: str
    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    ignore: tuple[str, ...] = ()
    """Patterns of channel names that are no parties: recorders, monitors."""
    agents: Mapping[str, str] = field(default_factory=dict)
    """Agent to conference, where no other source knows."""
    agent_channels: tuple[str, ...] = ()
    """Patterns of channel names that are agents'."""
    tags: tuple[str, ...] = ()
    """Channel variables that say what sort of call it is."""
    resumable: tuple[str, ...] = RESUMABLE
    """Applications from which a channel that is alone may be taken to listen."""
    bound_seconds: float = 14_400
    """How long a playback may play at most."""
    hold_seconds: float = 3_600
    """How long it may stay paused."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether what is said of this Asterisk is fresh, and why not."""

    ready: bool
    phase: str
    reason: str


class AsteriskServer:
    """Owns the link to one Asterisk and shares its events out."""

    def __init__(self, settings: AsteriskAddress, refusals: Refusals | None = None) -> None:
        """Make it inside the running loop; nothing connects before `run`."""
        self.name = settings.name
        self.version = ""
        self._controller: Controller | None = None
        self._refusals = refusals or Refusals()
        self._tags = settings.tags
        self.directory = Directory(
            settings.name,
            ignore=settings.ignore,
            agents=settings.agents,
            agent_channels=settings.agent_channels,
            tags=settings.tags,
        )
        self._link = Link(
            _manager(settings),
            wanted_events=directory.EVENTS | legs.EVENTS | probe.EVENTS,
            on_event=self._on_event,
            on_up=self._on_up,
            on_down=self._on_down,
            refusals=refusals,
            telling={
                **user_events(legs.OWN_USER_EVENTS),
                **variables(self.directory.variables),
            },
        )
        self.player = LegPlayer(
            self._link,
            self.directory,
            bound=Milliseconds(round(settings.bound_seconds * 1000)),
            hold=settings.hold_seconds,
            resumable=settings.resumable,
        )
        self._probe = SoundProbe(self._link)
        self.sounds: MediaLibrary = AsteriskSounds(self._probe.missing)

    def report_to(self, controller: Controller) -> None:
        """Name the one who is told what happens here."""
        self._controller = controller
        self.player.report_to(controller.leg_event)
        self.directory.on_left = controller.call_left
        self.directory.on_deserted = controller.deserted

    def stock(self, wrapped: Callable[[MediaLibrary, Missing], MediaLibrary]) -> None:
        """Play more than its own sounds; see `callcue.media.library`."""
        self.sounds = wrapped(self.sounds, self._probe.missing)

    def join_rooms_by(self, context: RoomContext) -> None:
        """Get into rooms by VICIdial's own dialplan; see `callcue.asterisk.dialplan`."""
        self.player.join_rooms_by(context)

    def known_as(self, owner: str) -> None:
        """The name by which it knows its legs again after a restart; without one it does not."""
        self.player.owner = owner

    def move(self, settings: AsteriskAddress) -> None:
        """Its address, or who we are there, has changed: connect anew. What plays plays on."""
        self._link.move(_manager(settings))

    def seat(self, agents: Mapping[str, str]) -> None:
        """From agent to conference, where no other source knows: from now on these."""
        self.directory.seat(agents)

    async def run(self) -> None:
        """Keep the link up until cancelled. Its lines in the log name this server."""
        structlog.contextvars.bind_contextvars(asterisk=self.name)
        await self._link.run()

    def readiness(self) -> Readiness:
        """Ready only while the link is up and the rooms are known."""
        state = self._link.state
        return Readiness(state.ready, state.phase.value, state.reason)

    def figures(self) -> LinkFigures:
        """How the link is, in numbers."""
        return self._link.figures

    def _on_event(self, event: AmiEvent) -> None:
        # The directory comes first: what a leg reports may end a session whose room it knows.
        if event.name in directory.EVENTS:
            self.directory.on_event(event)
        if event.name in legs.EVENTS:
            self.player.on_event(event)
        if event.name in probe.EVENTS:
            self._probe.on_event(event)

    async def _on_up(self) -> None:
        self.directory.expect_snapshot()
        settings = await self._link.send("CoreSettings")
        self.version = settings.get("AsteriskVersion")
        snapshot = await take_snapshot(self._link, self._tags)
        await self._check_dialplan()
        if not self.directory.may_apply:
            self._refusals.count(Bound.EVENTS)
            raise LinkError("more events came than can be kept meanwhile")
        self.directory.apply(snapshot)
        if self._controller is not None:
            await self._controller.link_back(self.name)
            if self.player.owner:
                legs = snapshot.legs_of(self.player.owner)
                await self.player.sweep(legs, self._controller.is_wanted)

    async def _check_dialplan(self) -> None:
        """Ask for a sound that is nowhere: only an Asterisk with our dialplan can say so.

        Raises:
            LinkError: it cannot play anything; the text says what to look at.

        """
        try:
            await self._probe.missing([NOWHERE])
        except AsteriskUnavailable as error:
            raise LinkError(
                "callcue-player.conf is not included in extensions.conf, or our AMI user may not"
                f" originate ({error})"
            ) from error

    def _on_down(self, _reason: str) -> None:
        self.directory.lost()
        if self._controller is not None:
            self._controller.link_lost(self.name)


def _manager(settings: AsteriskAddress) -> ServerAddress:
    return ServerAddress(
        settings.host, settings.port, settings.username, settings.secret, settings.tls
    )
