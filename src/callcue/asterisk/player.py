"""The player: the core's verbs as actions on a leg, and a leg's reports as the core's events.

A leg is one `Originate` of a `Local` channel into the dialplan of `callcue-player.conf`. Every
verb is one Redirect of its player half to a numbered extension; stop is a Hangup. An action whose
answer is lost is never sent again, with one exception: a Hangup, because the id it names is never
used twice.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog

from callcue.asterisk.action import HeaderValue, UnsafeHeader
from callcue.asterisk.errors import ActionRefused, LinkError, NotConnected, OutcomeUnknown
from callcue.asterisk.gain import nearest_gain
from callcue.asterisk.leg import Leg
from callcue.asterisk.legs import Legs
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.recovery import what_is_left
from callcue.core.errors import AsteriskUnavailable, NotConfirmed, NothingPlaying, NotStarted
from callcue.core.playback import Playback
from callcue.core.ports import LegEvent, LegListener
from callcue.core.states import Event
from callcue.core.types import Milliseconds

log = structlog.get_logger()

JOIN_CONTEXT = "callcue-join"
PLAYER_CONTEXT = "callcue-player"

FOREVER = 0
"""Rounds, as the dialplan counts them."""

TRIES = 3
"""How often a Hangup whose answer is lost, or a verb that is refused, is sent."""

HANGUP_PATIENCE = 1.0
"""Seconds to wait for a leg to be gone before it is hung up once more."""

REFUSAL_PATIENCE = 0.05
"""Seconds to wait for a leg that refuses a verb to be gone."""


class LegPlayer:
    """Implements `callcue.core.ports.Player` for one Asterisk."""

    def __init__(self, link: Link, *, bound: Milliseconds, hold: float) -> None:
        """*bound*: how long a playback may play at most; *hold*: seconds it may stay paused."""
        self._link = link
        self._bound = bound
        self._hold = hold
        self._legs = Legs(on_muted=self._unmute)
        self._unmutings: set[asyncio.Task[None]] = set()

    def report_to(self, listener: LegListener) -> None:
        """Name the one who is told what legs report."""
        self._legs.report_to(listener)

    # ---- verbs ----------------------------------------------------------------------------

    async def start(self, playback: Playback) -> None:
        """Send a leg into the playback's conference; see `Player.start`."""
        leg = self._legs.add(Leg(playback))
        try:
            await self._link.send(
                "Originate",
                {
                    "Channel": f"Local/room@{JOIN_CONTEXT}/n",
                    "Context": PLAYER_CONTEXT,
                    "Exten": "start-1",
                    "Priority": 1,
                    "ChannelId": leg.player_half,
                    "OtherChannelId": leg.join_half,
                    "Async": "true",
                },
                variables=self._variables(playback),
            )
        except (NotConnected, ActionRefused) as error:
            self._legs.forget(leg)
            log.warning("the player leg was refused", why=str(error))
            raise AsteriskUnavailable(str(error)) from error
        except OutcomeUnknown as error:
            raise NotStarted("Asterisk did not answer") from error
        except UnsafeHeader as error:
            self._legs.forget(leg)
            raise NotStarted(str(error)) from error

    def _variables(self, playback: Playback) -> Mapping[str, HeaderValue]:
        request = playback.request
        clips = {f"CALLCUE_CLIP_{n}": clip for n, clip in enumerate(playback.clips, 1)}
        return {
            "CALLCUE_PLAYBACK": str(playback.id),
            "CALLCUE_ROOM": playback.conference.number,
            "CALLCUE_COUNT": len(playback.clips),
            "CALLCUE_ROUNDS": request.rounds or FOREVER,
            "CALLCUE_GAP": request.gap,
            "CALLCUE_LEFT": min(request.limit or self._bound, self._bound),
            "CALLCUE_HOLD": round(self._hold),
            **clips,
        }

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
        found = await what_is_left(self._link, leg)
        if found is None or found.kind is not Event.LEG_GONE:
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

    def _unmute(self, leg: Leg, left: Milliseconds) -> None:
        """Let a leg be heard that streams from inside a clip.

        It is mute for its first frame, because Asterisk writes the clip's own first frame there
        before it seeks; `callcue-player.conf` says more. The next frame is 20 ms away.
        """
        limit = f"{left / 1000:.3f}"
        for function, value in (("MUTEAUDIO(out)", "off"), ("TIMEOUT(absolute)", limit)):
            task = asyncio.create_task(self._set(leg, function, value))
            self._unmutings.add(task)
            task.add_done_callback(self._unmutings.discard)

    async def _set(self, leg: Leg, function: str, value: str) -> None:
        headers = {"Channel": leg.player_half, "Variable": function, "Value": value}
        with suppress(LinkError):  # the leg has ended, or goes on by itself in a moment
            await self._link.send("Setvar", headers)

    # ---- after a lost link ------------------------------------------------------------------

    async def find(self, playback: Playback) -> LegEvent:
        """What became of the leg meanwhile; see `Player.find`."""
        leg = self._legs.of(playback) or Leg(playback)
        found = await what_is_left(self._link, leg)
        if found is not None and found.kind is Event.LEG_GONE:
            self._legs.forget(leg)
            return found
        self._legs.add(leg)
        leg.alive = {leg.player_half, leg.join_half}
        leg.seen.set()
        if found is not None:
            return found
        await self.stop(playback)  # else it would start to play later, and be nobody's
        return LegEvent(Event.LEG_GONE, detail="it did not start before the link was lost")
