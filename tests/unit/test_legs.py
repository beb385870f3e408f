"""What Asterisk says of a leg's way in, and what the core is told of it."""

import asyncio
from collections.abc import Mapping
from uuid import uuid4

import pytest
from fakes.events import born, enters, event, hung_up, joins, leaves, spies

from callcue.asterisk import legs
from callcue.asterisk.joins import Join, Way
from callcue.asterisk.leg import Leg
from callcue.asterisk.legs import Legs
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.server_clock import ServerClock
from callcue.core.playback import Playback, PlayRequest
from callcue.core.ports import LegEvent
from callcue.core.states import Event
from callcue.core.types import Alone, Bridge, Conference, Milliseconds, Place

PARTY = "1700000000.1"
BOTH = frozenset({PARTY, "1700000000.2"})
PLACES: Mapping[Way, Place] = {
    Way.ROOM: Conference("pbx1", "8600051"),
    Way.BARGE: Bridge("pbx1", "b"),
    Way.MEMBER: Bridge("pbx1", "b"),
    Way.WHISPER: Bridge("pbx1", "b"),
    Way.BESIDE: Alone("pbx1", PARTY),
}
SPYING = [Way.BARGE, Way.WHISPER]


class Book:
    """Legs with one leg in them, which is there, and all that they tell."""

    def __init__(self, way: Way) -> None:
        self.begun: list[Leg] = []
        self.hurried: list[Leg] = []
        self.told: list[Event] = []
        self.details: list[str] = []
        self.legs = Legs(
            ServerClock(),
            on_muted=self._ignore,
            on_spying=self.hurried.append,
            on_waiting=self.begun.append,
        )
        self.legs.report_to(self._note)
        party = "" if way is Way.ROOM else PARTY
        self.leg = self.legs.add(
            Leg(Playback(PLACES[way], PlayRequest(("x",))), Join(way, {}, party, BOTH))
        )
        self.happen(born(self.leg.player_half), born(self.leg.join_half))

    def happen(self, *events: AmiEvent) -> None:
        for one in events:
            self.legs.on_event(one)

    def way_in(self, *, start: bool = True) -> AmiEvent:
        """What Asterisk says when this leg is in, or not any more."""
        match self.leg.join.way:
            case Way.ROOM:
                return joins(self.leg.join_half, "8600051")
            case Way.MEMBER:
                return enters(self.leg.join_half, "b")
            case Way.BESIDE:
                return spies(PARTY, self.leg.join_half, start=start)
            case _:
                return spies(self.leg.join_half, PARTY, start=start)

    def _note(self, playback: Playback, told: LegEvent) -> None:
        assert playback is self.leg.playback
        self.told.append(told.kind)
        self.details.append(told.detail)

    @staticmethod
    def _ignore(_leg: Leg, _left: Milliseconds) -> None:
        """None of these legs is opened."""

    async def until_told(self, *kinds: Event) -> None:
        async with asyncio.timeout(2):
            while self.told != [*kinds]:  # a timer has no event to wait on
                await asyncio.sleep(0.001)


# ---- in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", Way)
async def test_given_a_leg_when_its_way_in_is_told_then_it_is_joined_once(way: Way) -> None:
    book = Book(way)
    assert book.told == []
    for _ in range(2):
        book.happen(book.way_in())
        assert book.told == [Event.JOINED]
    # All but a room's wait with their clip until then.
    assert book.begun == ([] if way is Way.ROOM else [book.leg])


@pytest.mark.parametrize("way", Way)
async def test_given_a_leg_when_others_come_and_go_then_it_is_not_joined(way: Way) -> None:
    """A supervisor may spy on everything, the leg and the party included."""
    book, other = Book(way), f"callcue-j-{uuid4()}"
    strange = [
        joins("17.9", "8600051"),
        enters("17.9", "b"),
        spies("17.9", book.leg.join_half),
        spies("17.9", book.leg.player_half),
        spies("17.9", PARTY),
        spies(other, PARTY),
        spies(PARTY, other),
    ]
    book.happen(*strange)
    if way is Way.BESIDE:
        book.happen(spies(book.leg.join_half, PARTY))
    else:
        book.happen(spies(PARTY, book.leg.join_half))
    assert (book.told, book.begun) == ([], [])


@pytest.mark.parametrize("way", Way)
async def test_given_a_leg_that_is_in_when_a_supervisor_stops_listening_then_it_plays_on(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legs, "AGAIN", 0.0)
    book = Book(way)
    book.happen(book.way_in())
    book.happen(
        spies("17.9", book.leg.join_half, start=False),
        spies("17.9", book.leg.player_half, start=False),
        spies("17.9", PARTY, start=False),
    )
    assert book.leg.parting is None
    assert book.told == [Event.JOINED]


@pytest.mark.parametrize("way", Way)
async def test_given_a_spying_leg_when_its_join_half_is_born_then_it_is_hurried(way: Way) -> None:
    book = Book(way)
    assert book.hurried == ([book.leg] if way in SPYING else [])


async def test_given_a_member_when_it_enters_another_bridge_then_the_join_has_failed() -> None:
    book = Book(Way.MEMBER)
    book.happen(enters(book.leg.join_half, "another"))
    assert (book.told, book.begun) == ([Event.JOIN_FAILED], [])
    assert book.details == ["the call has moved to another bridge"]


@pytest.mark.parametrize("way", [Way.ROOM, *SPYING, Way.BESIDE])
async def test_given_no_member_when_a_bridge_is_entered_then_it_says_nothing(way: Way) -> None:
    """The inside of a room is a bridge, and so may be what a party is in."""
    book = Book(way)
    book.happen(enters(book.leg.join_half, "b"))
    assert (book.told, book.begun) == ([], [])


# ---- at hand -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "able"), [("yes", True), ("no", False), ("", False)])
async def test_given_a_leg_beside_when_it_is_at_hand_then_it_has_said_whether_it_can(
    said: str, able: bool
) -> None:
    book = Book(Way.BESIDE)
    fields = {"UserEvent": "CallcueAtHand", "Able": said}
    book.happen(event("UserEvent", Uniqueid=book.leg.player_half, **fields))
    assert not book.leg.at_hand.is_set()
    book.happen(event("UserEvent", Uniqueid=book.leg.join_half, **fields))
    assert (book.leg.at_hand.is_set(), book.leg.able, book.told) == (True, able, [])


async def test_given_a_leg_beside_when_it_goes_then_who_waits_for_it_is_let_go() -> None:
    book = Book(Way.BESIDE)
    book.happen(hung_up(book.leg.player_half), hung_up(book.leg.join_half))
    assert (book.leg.at_hand.is_set(), book.leg.gone.is_set(), len(book.legs)) == (True, True, 0)
    assert book.told == [Event.LEG_GONE]


# ---- out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", sorted(BOTH))
async def test_given_a_barge_when_a_side_leaves_then_it_moved_though_others_came(side: str) -> None:
    book = Book(Way.BARGE)
    book.happen(book.way_in(), enters("1700000000.3", "b"), leaves("1700000000.3", "b"))
    assert book.told == [Event.JOINED]
    book.happen(leaves(side, "elsewhere"))
    assert book.told == [Event.JOINED]
    book.happen(leaves(side, "b"))
    assert book.told == [Event.JOINED, Event.TARGET_MOVED]
    book.happen(hung_up(book.leg.player_half), hung_up(book.leg.join_half), leaves(side, "b"))
    assert book.told == [Event.JOINED, Event.TARGET_MOVED, Event.LEG_GONE]


@pytest.mark.parametrize("way", SPYING)
async def test_given_a_leg_that_spies_when_that_ends_then_the_target_has_moved_at_once(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legs, "AGAIN", 60)
    book = Book(way)
    book.happen(book.way_in(), book.way_in(start=False))
    assert book.told == [Event.JOINED, Event.TARGET_MOVED]
    assert book.details[-1] == "the call has moved or ended"
    # The leg ends by that itself; whoever is told of both shall hear of the target first.
    book.happen(hung_up(book.leg.join_half), hung_up(book.leg.player_half))
    assert book.told[2:] == [Event.LEG_GONE]


async def test_given_one_who_listens_beside_when_gone_for_good_then_moved_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert legs.AGAIN == 0.5
    monkeypatch.setattr(legs, "AGAIN", 0.05)
    book = Book(Way.BESIDE)
    book.happen(book.way_in())
    loop = asyncio.get_running_loop()
    gone_at = loop.time()
    book.happen(book.way_in(start=False))
    assert book.told == [Event.JOINED]
    await book.until_told(Event.JOINED, Event.TARGET_MOVED)
    assert loop.time() - gone_at >= 0.05


async def test_given_one_who_listens_beside_when_a_key_breaks_it_off_then_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(legs, "AGAIN", 0.01)
    book = Book(Way.BESIDE)
    for _ in range(3):
        book.happen(book.way_in(), book.way_in(start=False))
    timer = book.leg.parting
    assert timer is not None
    book.happen(book.way_in())
    assert timer.cancelled()
    assert (book.told, book.begun, book.leg.parting) == ([Event.JOINED], [book.leg], None)


@pytest.mark.parametrize("way", [*SPYING, Way.BESIDE])
async def test_given_a_leg_that_hangs_up_when_the_spying_ends_by_that_then_it_is_gone_only(
    way: Way,
) -> None:
    """Asterisk says it between the ends of the two halves, and they may come one by one."""
    book = Book(way)
    book.happen(book.way_in(), hung_up(book.leg.player_half), book.way_in(start=False))
    await asyncio.sleep(0)
    timer = book.leg.parting
    book.happen(hung_up(book.leg.join_half))
    assert timer is None or timer.cancelled()
    assert book.told == [Event.JOINED, Event.LEG_GONE]


def join_ended(book: Book, result: str) -> AmiEvent:
    fields = {"UserEvent": "CallcueJoin", "Result": result}
    return event("UserEvent", Uniqueid=book.leg.join_half, **fields)


async def test_given_a_member_when_not_let_in_then_the_join_has_failed_and_why() -> None:
    book = Book(Way.MEMBER)
    book.happen(join_ended(book, "NONEXISTENT"))
    assert book.told == [Event.JOIN_FAILED]
    assert book.details == ["the call did not keep the player: NONEXISTENT"]


async def test_given_a_member_that_was_in_when_it_is_thrown_out_then_the_target_has_moved() -> None:
    book = Book(Way.MEMBER)
    book.happen(book.way_in(), join_ended(book, "SUCCESS"))
    assert book.told == [Event.JOINED, Event.TARGET_MOVED]


@pytest.mark.parametrize("was_in", [True, False])
async def test_given_a_room_when_it_does_not_keep_the_leg_then_the_join_has_failed(
    was_in: bool,
) -> None:
    book = Book(Way.ROOM)
    book.happen(*([book.way_in()] if was_in else []), join_ended(book, "KICKED"))
    assert book.told[-1] is Event.JOIN_FAILED
    assert book.details[-1] == "the room did not keep the player: KICKED"


async def test_given_the_other_half_when_it_says_that_the_join_ended_then_nobody_believes_it() -> (
    None
):
    book = Book(Way.MEMBER)
    fields = {"UserEvent": "CallcueJoin", "Result": "FAILED"}
    book.happen(event("UserEvent", Uniqueid=book.leg.player_half, **fields))
    book.happen(event("UserEvent", Uniqueid="17.9", **fields))
    assert book.told == []
