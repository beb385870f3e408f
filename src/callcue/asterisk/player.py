"""The player: the core's verbs as actions on a leg, and a leg's reports as the core's events.

A leg is one `Originate` of a `Local` channel into the dialplan of `callcue-player.conf`. Every
verb is one Redirect of its player half to a numbered extension; stop is a Hangup. An action whose
answer is lost is never sent again, with one exception: a Hangup, because the id it names is never
used twice.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress

import structlog

from callcue.asterisk import ids, resting
from callcue.asterisk.action import HeaderValue
from callcue.asterisk.dialplan import RoomContext, through_dialplan
from callcue.asterisk.directory import Directory
from callcue.asterisk.errands import Errands
from callcue.asterisk.errors import ActionRefused, LinkError, NotConnected, OutcomeUnknown
from callcue.asterisk.gain import nearest_gain
from callcue.asterisk.holds import check_not_held
from callcue.asterisk.joins import Join, Way, join_of
from callcue.asterisk.leg import Leg
from callcue.asterisk.legs import Legs
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.recovery import Left, last_word, what_is_left
from callcue.asterisk.starter import PLAYER_CONTEXT, Starter, written
from callcue.core.errors import (
    AsteriskUnavailable,
    NotConfirmed,
    NothingPlaying,
)
from callcue.core.playback import Playback
from callcue.core.ports import LegEvent, LegListener
from callcue.core.states import Event
from callcue.core.types import (
    Bridge,
    CallId,
    Milliseconds,
    Place,
    PlaybackId,
)

log = structlog.get_logger(__name__)

TRIES = 3
"""How often a Hangup whose answer is lost, or a verb that is refused, is sent."""

HANGUP_PATIENCE = 1.0
"""Seconds to wait for a leg to be gone before it is hung up once more."""

FIRST_FRAME = 0.007
"""Seconds from a leg's report until Asterisk has surely written its first frame; 20 ms on is the
second."""

REFUSAL_PATIENCE = 0.05
"""Seconds to wait for a leg that refuses a verb to be gone."""


class LegPlayer:
    """Implements `callcue.core.ports.Player` for one Asterisk."""

    def __init__(
        self,
        link: Link,
        directory: Directory,
        *,
        bound: Milliseconds,
        hold: float,
        resumable: Collection[str] = resting.RESUMABLE,
    ) -> None:
        """*bound*: how long a playback may play at most; *hold*: seconds it may stay paused.

        *resumable*: the applications from which a channel that is alone may be taken.
        """
        self._link = link
        self._directory = directory
        self._resumable = resumable
        self._room_context: RoomContext | None = None
        self._errands = Errands(link)
        self._starter = Starter(
            link,
            self._errands,
            bound=bound,
            hold=hold,
            resumable=resumable,
            unsent=lambda leg: self._legs.forget(leg),
        )
        self._legs = Legs(
            link.clock,
            on_muted=self._unmute_soon,
            on_spying=self._starter.hurry,
            on_waiting=self._starter.begin,
        )

    @property
    def owner(self) -> str:
        """The name that legs carry, so that whoever comes after knows them for its own."""
        return self._starter.owner

    @owner.setter
    def owner(self, name: str) -> None:
        self._starter.owner = name

    def report_to(self, listener: LegListener) -> None:
        """Name the one who is told what legs report."""
        self._legs.report_to(listener)

    def join_rooms_by(self, context: RoomContext) -> None:
        """From now on legs get into rooms by VICIdial's own dialplan, which is in that context."""
        self._room_context = context

    # ---- verbs ----------------------------------------------------------------------------

    async def check(self, place: Place, listener: CallId | None) -> str:
        """See `Player.check`."""
        join = await self._join(place, listener)
        if join.way is Way.BESIDE:
            await resting.return_point(self._link, join.party, self._resumable)
        return join.way

    async def start(self, playback: Playback) -> None:
        """Send a leg to those who are to hear it; see `Player.start`."""
        join = await self._join(playback.place, playback.listener)
        leg = self._legs.add(Leg(playback, join))
        await self._starter.start(leg)

    async def _join(self, place: Place, listener: CallId | None) -> Join:
        join = join_of(self._directory, place, listener)
        if self._room_context is not None:
            join = await through_dialplan(join, place, self._directory, self._room_context)
        if join.spies and isinstance(place, Bridge):
            await check_not_held(self._link, self._directory, place)
        return join

    async def supply(self, playback: Playback, index: int) -> None:
        """Hand the leg a clip that was not there at its start; see `Player.supply`."""
        leg, clip = self._legs.of(playback), playback.clips[index]
        if leg is None or clip is None:
            return
        name = f"CALLCUE_CLIP_{index + 1}"
        headers: dict[str, HeaderValue] = {
            "Channel": leg.player_half,
            "Variable": name,
            "Value": written(clip),
        }
        try:
            await self._link.send("Setvar", headers)
        except ActionRefused:
            return  # the leg has ended
        except NotConnected as error:
            raise AsteriskUnavailable(str(error)) from error
        except OutcomeUnknown as error:
            raise NotConfirmed(str(error)) from error

    async def pause(self, playback: Playback, number: int) -> None:
        """Stand still."""
        await self._redirect(playback, f"cue-pause-{number}")

    async def resume(self, playback: Playback, number: int) -> None:
        """Go on."""
        await self._redirect(playback, f"cue-resume-{number}")

    async def restart(self, playback: Playback, number: int) -> None:
        """Play from the first item of the first round."""
        await self._redirect(playback, f"cue-restart-{number}")

    async def seek(self, playback: Playback, number: int, item: int, to: Milliseconds) -> None:
        """Jump to *to* ms of *item*."""
        await self._redirect(playback, f"cue-seek-{number}-{item}-{to}")

    async def volume(self, playback: Playback, decibels: float) -> int:
        """Set the nearest gain Asterisk has; returns it in dB."""
        gain = nearest_gain(decibels)
        await self._verb(playback, "Setvar", {"Variable": "VOLUME(TX)", "Value": str(gain.factor)})
        return gain.decibels

    async def _redirect(self, playback: Playback, extension: str) -> None:
        where: dict[str, HeaderValue] = {
            "Context": PLAYER_CONTEXT,
            "Exten": extension,
            "Priority": 1,
        }
        leg = self._legs.of(playback)
        if leg is not None:
            leg.stay_mute()  # the verb sets a time limit of its own
        await self._verb(playback, "Redirect", where)

    async def _verb(
        self, playback: Playback, action: str, headers: Mapping[str, HeaderValue]
    ) -> None:
        leg = self._legs.of(playback)
        if leg is None:
            raise NothingPlaying
        for _ in range(TRIES):
            if await self._taken(leg, action, headers):
                return
            # The leg has ended, or its own time limit has just struck and it takes no Redirect
            # until it has gone on. What was refused was not done: it may be sent again.
            if await self._gone_within(leg, REFUSAL_PATIENCE):
                raise NothingPlaying
        if await self._ended_unseen(leg):
            raise NothingPlaying
        raise NotConfirmed("Asterisk refuses the command")

    async def _taken(self, leg: Leg, action: str, headers: Mapping[str, HeaderValue]) -> bool:
        """Send it; whether Asterisk took it."""
        try:
            await self._link.send(action, {"Channel": leg.player_half, **headers})
        except NotConnected as error:
            raise AsteriskUnavailable(str(error)) from error
        except ActionRefused as error:
            log.info("a verb was refused", leg=leg.player_half, why=str(error))
            return False
        except OutcomeUnknown as error:
            raise NotConfirmed(str(error)) from error
        return True

    async def stop(self, playback: Playback) -> None:
        """Hang the leg up, and see that it is gone; see `Player.stop`."""
        leg = self._legs.of(playback)
        if leg is None:  # who still asks has not heard of its end, and nobody else will say so
            self._legs.report(playback, LegEvent(Event.LEG_GONE))
            return
        for _ in range(TRIES):
            if await self._hang_up(leg) or await self._ended_unseen(leg):
                return
        raise NotConfirmed("the player leg does not go")

    async def _ended_unseen(self, leg: Leg) -> bool:
        """Look up a leg that does not go: it may never have come, or its end was not reported."""
        if await what_is_left(self._link, leg.player_half) is not None:
            return False
        if not leg.gone.is_set():
            leg.alive.clear()
            self._legs.check_gone(leg, Event.LEG_GONE)
        return True

    async def _hang_up(self, leg: Leg) -> bool:
        """One try; whether the leg is gone."""
        try:
            async with asyncio.timeout(HANGUP_PATIENCE):
                await leg.seen.wait()
                if leg.alive:
                    await self._link.send("Hangup", {"Channel": leg.player_half})
                await leg.gone.wait()
        except NotConnected as error:
            raise AsteriskUnavailable(str(error)) from error
        except (ActionRefused, OutcomeUnknown, TimeoutError):
            # It has hung up by itself, or we do not know: the events will tell.
            return await self._gone_within(leg, HANGUP_PATIENCE / 4)
        return True

    @staticmethod
    async def _gone_within(leg: Leg, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await leg.gone.wait()
        except TimeoutError:
            return False
        return True

    def on_event(self, event: AmiEvent) -> None:
        """Take in one AMI event."""
        self._legs.on_event(event)

    def _unmute_soon(self, leg: Leg, left: Milliseconds) -> None:
        """Let a leg be heard that streams from inside a clip, from its second frame on.

        It is mute for its first one, because Asterisk writes the clip's own first frame there
        before it seeks; `callcue-player.conf` says more.
        """
        leg.stay_mute()
        loop = asyncio.get_running_loop()
        leg.muted = loop.call_later(FIRST_FRAME, self._unmute, leg, left)

    def _unmute(self, leg: Leg, left: Milliseconds) -> None:
        limit = f"{left / 1000:.3f}"
        for function, value in (("MUTEAUDIO(out)", "off"), ("TIMEOUT(absolute)", limit)):
            headers = {"Variable": function, "Value": value}
            self._errands.run(leg.playback, leg.player_half, "Setvar", headers)

    # ---- after a lost link ------------------------------------------------------------------

    async def find(self, playback: Playback) -> Sequence[LegEvent]:
        """What became of the leg meanwhile; see `Player.find`."""
        known = self._legs.of(playback)
        began = known.began if known is not None else None
        left = await what_is_left(self._link, ids.player_half(playback.id), began)
        leg = known or Leg(playback, self._join_left(playback, left))
        if left is None:
            self._legs.forget(leg)
            return await self._how_it_went(playback)
        playback.begun = True  # the record may be some ms behind
        self._legs.add(leg)
        leg.alive = {leg.player_half, leg.join_half}
        leg.seen.set()
        if left.position is None:
            leg.detail = "it had not started when callcue lost sight of it"
        elif leg.join.way is Way.BESIDE and not await resting.listens(self._link, leg.join.party):
            leg.detail = "the call was taken elsewhere while callcue did not see it"
        else:
            leg.joined = True
            leg.place = (left.number, left.position.item, left.position.round)
            return [left.as_event()]
        await self.stop(playback)  # else it would play later, or on, and be nobody's
        return [LegEvent(Event.LEG_GONE, detail=leg.detail)]

    def _join_left(self, playback: Playback, left: Left | None) -> Join:
        """The way in of a leg that a service before this one sent, as the leg itself has it."""
        if left is None:
            return Join(Way.ROOM, {})
        both: frozenset[str] = frozenset()
        if left.way is Way.BARGE and isinstance(playback.place, Bridge):
            bridge = self._directory.bridge(playback.place.id)
            both = frozenset(bridge.channels) if bridge is not None else both
        return Join(left.way, {}, left.party, both)

    async def _how_it_went(self, playback: Playback) -> Sequence[LegEvent]:
        """The end of a leg that is gone, by its own last word; else by who is left there."""
        said = await last_word(self._link, playback.id)
        if said is not None:
            return [said, LegEvent(Event.LEG_GONE)]
        if not playback.begun:
            unwanted = playback.reason is not None
            return [LegEvent(Event.LEG_GONE if unwanted else Event.NEVER_SENT)]
        gone = LegEvent(Event.LEG_GONE, detail="it ended while callcue did not see it")
        if not self._directory.is_deserted(playback.place):
            return [gone]
        return [LegEvent(Event.PARTY_LEFT, detail="all had left when callcue came back"), gone]

    async def sweep(self, halves: Iterable[str], is_wanted: Callable[[PlaybackId], bool]) -> None:
        """Hang up the legs of ours among these player halves that nobody wants.

        Ours are those that carry the name of this callcue: there may be others.
        """
        for half in halves:
            playback_id = ids.playback_of(half)
            if playback_id is None or is_wanted(playback_id):
                continue
            log.warning("a leg that nobody knows is hung up", leg=half)
            with suppress(LinkError):
                await self._link.send("Hangup", {"Channel": half})
