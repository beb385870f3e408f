"""How a player leg gets to those who are to hear it: which way, for which place.

Each way is an extension of the same name in `callcue-join`. Why these and not others is in
docs/decisions/0005.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from callcue.asterisk.directory import Directory, is_local
from callcue.core.errors import CannotPlayHere
from callcue.core.types import Alone, Bridge, CallId, Conference, Place

CONTEXT = "callcue-join"
"""Of our own extensions."""


class Way(StrEnum):
    """The ways, and what each of them is in Asterisk."""

    ROOM = "room"
    """A member of the conference: everyone in it hears."""
    BARGE = "barge"
    """`ChanSpy` into both sides of a call of two. Nothing of the bridge changes."""
    MEMBER = "member"
    """One more channel in the bridge: where more than two talk, or only `Local` channels."""
    WHISPER = "whisper"
    """`ChanSpy` into what one party hears, in a bridge or a room."""
    BESIDE = "beside"
    """A channel that is alone is brought to listen to the leg, and goes back where it was."""


@dataclass(frozen=True, slots=True)
class Join:
    """One leg's way in."""

    way: Way
    variables: Mapping[str, str]
    """What `callcue-join` needs to know."""
    party: str = ""
    """Unique id of the channel it is joined by; none for a room."""
    both: frozenset[str] = frozenset()
    """Unique ids of the two of a call that is barged into."""
    through: str = ""
    """EXTENSION@CONTEXT of a dialplan that is not ours, by which it gets in; else ours."""

    @property
    def entrance(self) -> str:
        """Where its join half begins: an extension and a context."""
        return self.through or f"{self.way}@{CONTEXT}"

    @property
    def waits(self) -> bool:
        """Whether the clip must wait until the join half is in, so that none of it is lost."""
        return self.way is not Way.ROOM or bool(self.through)

    @property
    def spies(self) -> bool:
        """Whether the join half runs `ChanSpy`."""
        return self.way in (Way.BARGE, Way.WHISPER)


def join_of(directory: Directory, place: Place, listener: CallId | None) -> Join:
    """The way to everyone in *place*, or to one listener there.

    Raises:
        CannotPlayHere: there is none.

    """
    if isinstance(place, Alone):
        return _by_party(Way.BESIDE, place.uniqueid)
    if isinstance(place, Bridge):
        _check_talk(directory, place)
    if listener is not None:
        call = directory.call(listener)
        if call is None or call.place != place:
            raise CannotPlayHere("the party that is to hear it has left")
        return _by_party(Way.WHISPER, call.uniqueid)
    if isinstance(place, Conference):
        return Join(Way.ROOM, {"CALLCUE_ROOM": place.number})
    return _into_bridge(directory, place)


def _check_talk(directory: Directory, place: Bridge) -> None:
    bridge = directory.bridge(place.id)
    if bridge is None or len(directory.parties(place)) < 2:
        raise CannotPlayHere("the call has only one side at the moment")
    if not bridge.is_talk:
        what = bridge.technology if bridge.type in ("", "base") else bridge.type
        raise CannotPlayHere(f"the call is in a bridge that nothing can be played into ({what})")


def _into_bridge(directory: Directory, place: Bridge) -> Join:
    bridge = directory.bridge(place.id)
    assert bridge is not None, "checked before"
    # Spied on, half of a `Local` channel hears and its other side does not; as the other side of a
    # phone that is spied on, it hears and passes on.
    calls = sorted(
        directory.parties(place), key=lambda call: (is_local(call.channel), call.uniqueid)
    )
    phone = not is_local(calls[0].channel)
    if phone and len(bridge.channels) == 2:
        return _by_party(Way.BARGE, calls[0].uniqueid, frozenset(bridge.channels))
    return _by_party(Way.MEMBER, calls[0].uniqueid)


def _by_party(way: Way, uniqueid: str, both: frozenset[str] = frozenset()) -> Join:
    return Join(way, {"CALLCUE_PARTY": uniqueid}, uniqueid, both)
