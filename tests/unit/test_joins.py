"""Which way a leg takes to those who are to hear it, and where there is none."""

from typing import Any
from uuid import uuid4

import pytest
from fakes.events import CONFBRIDGE, born, enters, joins, leaves

from callcue.asterisk.directory import Directory
from callcue.asterisk.joins import Way, join_of
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.snapshot import Snapshot
from callcue.core.errors import CannotPlayHere
from callcue.core.types import Alone, Bridge, CallId, Conference

SERVER = "pbx1"
ROOM, B = Conference(SERVER, "8600051"), Bridge(SERVER, "b")
LOCAL = "Local/100@queue-00000001;2"


def directory(*events: AmiEvent, **options: Any) -> Directory:
    found = Directory(SERVER, **options)
    found.apply(Snapshot([], {}, []))
    for one in events:
        found.on_event(one)
    return found


def id_of(found: Directory, uniqueid: str) -> CallId:
    return next(call.id for call in found.calls() if call.uniqueid == uniqueid)


# ---- rooms ---------------------------------------------------------------------------------------


def test_given_a_room_when_all_are_to_hear_it_then_a_member_of_it_that_does_not_wait() -> None:
    join = join_of(directory(joins("1", ROOM.number)), ROOM, None)
    assert (join.way, join.variables, join.party) == (Way.ROOM, {"CALLCUE_ROOM": "8600051"}, "")
    assert (join.waits, join.spies) == (False, False)


def test_given_a_room_when_one_is_to_hear_it_then_a_whisper_to_that_one() -> None:
    found = directory(joins("1", ROOM.number), joins("2", ROOM.number))
    join = join_of(found, ROOM, id_of(found, "2"))
    assert (join.way, join.variables, join.party) == (Way.WHISPER, {"CALLCUE_PARTY": "2"}, "2")
    assert (join.waits, join.spies) == (True, True)


# ---- bridges -------------------------------------------------------------------------------------


def test_given_two_phones_when_both_are_to_hear_it_then_barge_by_the_same_one_each_time() -> None:
    for order in (("1", "2"), ("2", "1")):
        join = join_of(directory(*(enters(one, "b") for one in order)), B, None)
        assert (join.way, join.variables) == (Way.BARGE, {"CALLCUE_PARTY": "1"})
        assert join.both == {"1", "2"}
        assert (join.waits, join.spies) == (True, True)


def test_given_a_phone_and_a_local_channel_when_both_are_to_hear_it_then_barge_by_the_phone() -> (
    None
):
    join = join_of(directory(enters("1", "b", LOCAL), enters("2", "b")), B, None)
    assert (join.way, join.party) == (Way.BARGE, "2")


def test_given_two_local_channels_when_both_are_to_hear_it_then_a_member() -> None:
    """Neither would hear it by spying: the sound would go the wrong way."""
    join = join_of(directory(enters("1", "b", LOCAL), enters("2", "b", LOCAL)), B, None)
    assert (join.way, join.waits, join.spies) == (Way.MEMBER, True, False)


def test_given_three_when_all_are_to_hear_it_then_a_member_until_one_has_left() -> None:
    found = directory(enters("1", "b"), enters("2", "b"), enters("3", "b"))
    assert join_of(found, B, None).way is Way.MEMBER
    found.on_event(leaves("3", "b"))
    assert join_of(found, B, None).way is Way.BARGE


def test_given_two_and_a_recorder_when_both_are_to_hear_it_then_a_member() -> None:
    events = [enters("1", "b"), enters("2", "b"), enters("3", "b", "Recorder/1")]
    join = join_of(directory(*events, ignore=["Recorder/*"]), B, None)
    assert (join.way, join.party) == (Way.MEMBER, "1")


def test_given_a_bridge_when_one_is_to_hear_it_then_a_whisper_to_that_one() -> None:
    found = directory(enters("1", "b"), enters("2", "b", LOCAL))
    for one in ("1", "2"):
        join = join_of(found, B, id_of(found, one))
        assert (join.way, join.party) == (Way.WHISPER, one)


# ---- alone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_named", [True, False])
def test_given_one_that_is_alone_when_it_is_to_hear_it_then_beside(is_named: bool) -> None:
    found = directory(born("1"))
    join = join_of(found, Alone(SERVER, "1"), id_of(found, "1") if is_named else None)
    assert (join.way, join.variables, join.party) == (Way.BESIDE, {"CALLCUE_PARTY": "1"}, "1")
    assert (join.waits, join.spies) == (True, False)


# ---- refusals ------------------------------------------------------------------------------------

GONE = "the party that is to hear it has left"
ONE_SIDE = "the call has only one side at the moment"


def test_given_a_listener_that_is_elsewhere_or_gone_when_asked_then_refused() -> None:
    found = directory(
        joins("1", ROOM.number), enters("2", "b"), enters("3", "b"), born("4"), enters("5", "c")
    )
    for place in (ROOM, B):
        for one in (CallId(uuid4()), id_of(found, "4"), id_of(found, "5")):
            with pytest.raises(CannotPlayHere, match=f"^{GONE}$"):
                join_of(found, place, one)


def test_given_a_bridge_with_one_side_when_asked_then_refused_for_everybody() -> None:
    found = directory(enters("1", "b"))
    recorded = directory(enters("1", "b"), enters("2", "b", "Recorder/1"), ignore=["Recorder/*"])
    for place, who in [(found, None), (found, id_of(found, "1")), (recorded, None)]:
        with pytest.raises(CannotPlayHere, match=f"^{ONE_SIDE}$"):
            join_of(place, B, who)


def test_given_a_bridge_that_nobody_is_in_when_asked_then_refused() -> None:
    with pytest.raises(CannotPlayHere, match=f"^{ONE_SIDE}$"):
        join_of(directory(), B, None)


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ({"BridgeType": "stasis", "BridgeTechnology": "softmix"}, "stasis"),
        ({"BridgeType": "base", "BridgeTechnology": "holding_bridge"}, "holding_bridge"),
        ({"BridgeType": "", "BridgeTechnology": "softmix"}, "softmix"),
    ],
)
def test_given_a_bridge_that_is_no_talk_when_asked_then_refused_and_what_it_is(
    kind: dict[str, str], named: str
) -> None:
    found = directory(enters("1", "b", **kind), enters("2", "b", **kind))
    for who in (None, id_of(found, "1")):
        with pytest.raises(CannotPlayHere, match=rf"nothing can be played into \({named}\)$"):
            join_of(found, B, who)


def test_given_the_inside_of_a_room_when_asked_as_a_bridge_then_nobody_is_in_it() -> None:
    found = directory(joins("1", ROOM.number), enters("1", "b", **CONFBRIDGE))
    with pytest.raises(CannotPlayHere, match=ONE_SIDE):
        join_of(found, B, None)
