"""How a leg is sent: one `Originate`, and what brings it to those who are to hear it."""

from collections.abc import Callable, Collection, Mapping, Sequence

import structlog

from callcue.asterisk import resting
from callcue.asterisk.action import HeaderValue, UnsafeHeader
from callcue.asterisk.errands import Errands
from callcue.asterisk.errors import ActionRefused, LinkError, NotConnected, OutcomeUnknown
from callcue.asterisk.joins import Way
from callcue.asterisk.leg import Leg
from callcue.asterisk.link import Link
from callcue.asterisk.snapshot import BACK, BESIDE
from callcue.core.errors import AsteriskUnavailable, CannotPlayHere, NotStarted
from callcue.core.types import Milliseconds, Missing, SoundName

log = structlog.get_logger(__name__)

PLAYER_CONTEXT = "callcue-player"

FIRST_STEP = 2
"""Priority 1 of the extensions there does nothing; why is said there."""

FOREVER = 0
"""Rounds, as the dialplan counts them."""

LISTENING = 0.025
"""Seconds from the report that a channel alone listens until it does: from its next frame on."""

_MISSING = {Missing.SKIPPED: "*skip", Missing.ENDS: "*end"}
"""What stands in place of a clip that cannot be had; no sound has such a name."""


class Starter:
    """Sends legs to one Asterisk."""

    def __init__(
        self,
        link: Link,
        errands: Errands,
        *,
        bound: Milliseconds,
        hold: float,
        resumable: Collection[str],
        unsent: Callable[[Leg], None],
    ) -> None:
        """*unsent* is told of a leg that Asterisk has never had; for the others see `LegPlayer`."""
        self.owner = ""
        """The name that legs carry, so that whoever comes after knows them for its own."""
        self._link = link
        self._errands = errands
        self._bound = bound
        self._hold = hold
        self._resumable = resumable
        self._unsent = unsent

    async def start(self, leg: Leg) -> None:
        """Send it. Raises as `callcue.core.ports.Player.start`."""
        await self._originate(leg)
        if leg.join.way is Way.BESIDE:
            await self._bring(leg)

    def hurry(self, leg: Leg) -> None:
        """Before `ChanSpy` looks for its channel it waits 100 ms for a key; so it is given one.

        Nobody hears it: it is received by our own channel, and means nothing there.
        """
        key: dict[str, HeaderValue] = {"Digit": 1, "Duration": 1, "Receive": "true"}
        self._errands.run(leg.playback, leg.join_half, "PlayDTMF", key)

    def begin(self, leg: Leg) -> None:
        """Its join half is in: what it plays from here on is heard."""
        where: dict[str, HeaderValue] = {
            "Context": PLAYER_CONTEXT,
            "Exten": "cue-start-1",
            "Priority": 1,
        }
        pause = LISTENING if leg.join.way is Way.BESIDE else 0.0
        self._errands.run(leg.playback, leg.player_half, "Redirect", where, after=pause)

    async def _originate(self, leg: Leg) -> None:
        first = "ready-1" if leg.join.waits else "start-1"
        try:
            await self._link.send(
                "Originate",
                {
                    "Channel": f"Local/{leg.join.entrance}/n",
                    "Context": PLAYER_CONTEXT,
                    "Exten": first,
                    "Priority": FIRST_STEP,
                    "ChannelId": leg.player_half,
                    "OtherChannelId": leg.join_half,
                    "Async": "true",
                },
                variables=self._variables(leg),
            )
        except (NotConnected, ActionRefused) as error:
            self._unsent(leg)
            log.warning("the player leg was refused", why=str(error))
            raise AsteriskUnavailable(str(error)) from error
        except OutcomeUnknown as error:
            raise NotStarted("Asterisk did not answer") from error
        except UnsafeHeader as error:
            self._unsent(leg)
            raise NotStarted(str(error)) from error

    async def _bring(self, leg: Leg) -> None:
        """Have the channel that is alone listen to the leg, once the leg says that it can.

        From here on its return is Asterisk's own business: it goes back when it hears the leg no
        more, whoever or whatever ends that.
        """
        await leg.at_hand.wait()
        if leg.gone.is_set():
            raise NotStarted(leg.detail or "the player leg was lost")
        if not leg.able:
            raise NotStarted("Asterisk lacks app_exec or app_chanspy")
        channel = {"Channel": leg.join.party}
        where: dict[str, HeaderValue] = {
            "Context": BESIDE,
            "Exten": f"to-{leg.playback.id}",
            "Priority": 1,
        }
        try:
            point = await resting.return_point(self._link, leg.join.party, self._resumable)
            if point is not None:
                back: dict[str, HeaderValue] = {"Variable": BACK, "Value": str(point)}
                await self._link.send("Setvar", channel | back)
                # Somebody else may have taken it meanwhile, and shall keep it.
                await resting.check_still_there(self._link, leg.join.party, point)
            if not leg.gone.is_set():
                await self._link.send("Redirect", channel | where)
        except (LinkError, UnsafeHeader, CannotPlayHere, AsteriskUnavailable) as error:
            raise NotStarted(str(error)) from error

    def _variables(self, leg: Leg) -> Mapping[str, HeaderValue]:
        playback = leg.playback
        request = playback.request
        clips = {
            f"CALLCUE_CLIP_{n}": written(clip)
            for n, clip in enumerate(playback.clips, 1)
            if clip is not None
        }
        return {
            "CALLCUE_PLAYBACK": str(playback.id),
            **({"CALLCUE_OWNER": self.owner} if self.owner else {}),
            "CALLCUE_JOIN": leg.join.way.value,
            **leg.join.variables,
            "CALLCUE_COUNT": len(playback.clips),
            "CALLCUE_FIRST": _first(playback.clips),
            "CALLCUE_ROUNDS": request.rounds or FOREVER,
            "CALLCUE_GAP": request.gap,
            "CALLCUE_LEFT": min(request.limit or self._bound, self._bound),
            "CALLCUE_HOLD": round(self._hold),
            **clips,
        }


def _first(clips: Sequence[SoundName | Missing | None]) -> int:
    """The first item that can be had; a leg is sent when there is one."""
    return next(n for n, clip in enumerate(clips, 1) if isinstance(clip, str))


def written(clip: SoundName | Missing) -> str:
    """As the dialplan has it."""
    return _MISSING[clip] if isinstance(clip, Missing) else clip
