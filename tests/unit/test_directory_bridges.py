"""Calls of two and more, and channels that are with nobody: who is where, and who has left."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fakes.events import (
    CONFBRIDGE,
    a_leg,
    born,
    bridge,
    channel,
    enters,
    event,
    hung_up,
    joins,
    leaves,
    parts,
    says,
    status,
)

from callcue.asterisk.bridges import BridgeKind
from callcue.asterisk.directory import Directory
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.snapshot import Snapshot
from callcue.core.ports import Call
from callcue.core.types import Alone, Bridge, CallId, Conference, Place

SERVER = "pbx1"
B, C = Bridge(SERVER, "b"), Bridge(SERVER, "c")
ROOM = Conference(SERVER, "8600051")


def alone(uniqueid: str) -> Alone:
    return Alone(SERVER, uniqueid)


class Watch:
    """A directory that is up, and all it has told of who left."""

    def __init__(self, *events: AmiEvent, **options: Any) -> None:
        self.directory = Directory(SERVER, **options)
        self.left: list[tuple[str, Place]] = []
        self.deserted: list[Place] = []
        self.directory.on_left = lambda call: self.left.append((call.uniqueid, call.place))
        self.directory.on_deserted = self.deserted.append
        self.directory.apply(Snapshot([], {}, []))
        self.happen(*events)

    def happen(self, *events: AmiEvent) -> None:
        """These, and remember only what they have brought about."""
        self.left.clear()
        self.deserted.clear()
        for one in events:
            self.directory.on_event(one)

    def where(self) -> dict[str, Place]:
        return {call.uniqueid: call.place for call in self.directory.calls()}

    def party(self, uniqueid: str) -> Call:
        (call,) = (call for call in self.directory.calls() if call.uniqueid == uniqueid)
        return call

    def remembered(self) -> dict[str, Any]:
        """Whatever it keeps of channels, calls and bridges, by the name of its own."""
        own = {**vars(self.directory), "bridges": self.directory._bridges._by_id}
        kept = ("_channels", "_calls", "_by_id", "_by_agent", "_places", "bridges")
        return {name: own[name] for name in kept if own[name]}


def talk(*uniqueids: str, place: Bridge = B) -> list[AmiEvent]:
    """Those are born and talk to each other."""
    return [
        *(born(uniqueid) for uniqueid in uniqueids),
        *(enters(uniqueid, place.id) for uniqueid in uniqueids),
    ]


# ---- channels ------------------------------------------------------------------------------------


def test_given_a_channel_when_it_is_born_then_it_is_alone_where_it_was_dialled() -> None:
    watch = Watch(born("1", "PJSIP/bob-01", Context="from-trunk", Exten="4930"))
    call = watch.party("1")
    assert (call.place, call.endpoint) == (alone("1"), "PJSIP/bob")
    assert (call.context, call.number) == ("from-trunk", "4930")
    assert (call.agent, call.is_agent) == (None, False)
    watch.happen(hung_up("1"))
    assert (watch.where(), watch.left, watch.deserted) == (
        {},
        [("1", alone("1"))],
        [alone("1")],
    )


def test_given_an_originated_channel_when_it_is_answered_then_it_is_where_it_was_sent() -> None:
    watch = Watch(born("1", Context="default", Exten="s"))
    failed = event("OriginateResponse", Uniqueid="1", Response="Failure", Context="x", Exten="y")
    watch.happen(failed)
    assert (watch.party("1").context, watch.party("1").number) == ("default", "s")
    sent = {"Response": "Success", "Context": "outbound", "Exten": "100"}
    watch.happen(event("OriginateResponse", Uniqueid="1", **sent))
    assert (watch.party("1").context, watch.party("1").number) == ("outbound", "100")
    assert (watch.where(), watch.left) == ({"1": alone("1")}, [])
    watch.happen(event("OriginateResponse", Uniqueid="never seen", **sent))
    assert list(watch.where()) == ["1"]


def test_given_a_channel_when_renamed_then_the_call_has_the_new_name() -> None:
    watch = Watch(*talk("1", "2"))
    watch.happen(event("Rename", Uniqueid="1", Newname="PJSIP/new-02"))
    assert (watch.party("1").channel, watch.party("1").place) == ("PJSIP/new-02", B)
    watch.happen(event("Rename", Uniqueid="9", Newname="PJSIP/stranger-1"))
    assert set(watch.where()) == {"1", "2"}
    assert (watch.left, watch.deserted) == ([], [])


def test_given_halves_of_a_local_channel_when_with_nobody_then_they_are_no_calls() -> None:
    halves = [born("1", "Local/a@x-01;1"), born("2", "Local/a@x-01;2")]
    assert Watch(*halves).where() == {}
    watch = Watch(*halves, *talk("3"), enters("2", "b", "Local/a@x-01;2"))
    assert watch.where() == {"2": B, "3": B}
    watch.happen(leaves("2", "b", "Local/a@x-01;2"))
    assert (watch.where(), watch.left, watch.deserted) == ({"3": B}, [("2", B)], [B])


def test_given_channels_that_are_ignored_when_they_come_then_they_are_no_calls() -> None:
    watch = Watch(
        born("1", "Recorder/1"), *talk("2", "3"), enters("1", "b", "Recorder/1"), ignore=["Rec*"]
    )
    assert watch.where() == {"2": B, "3": B}
    # It is still there: whoever plays into the bridge must know that more than two are in it.
    found = watch.directory.bridge("b")
    assert found is not None
    assert set(found.channels) == {"1", "2", "3"}
    watch.happen(leaves("2", "b"))
    assert watch.deserted == [B]


def test_given_our_own_legs_when_they_come_and_go_then_they_are_never_calls() -> None:
    watch, leg = Watch(*talk("1", "2")), a_leg()
    name = "Local/member@callcue-join-01;2"
    in_room = joins(leg, ROOM.number, name)
    watch.happen(born(leg, name), enters(leg, "b", name), in_room, says(leg, "CALLCUE_AGENT", "x"))
    assert watch.where() == {"1": B, "2": B}
    found = watch.directory.bridge("b")
    assert found is not None
    assert set(found.channels) == {"1", "2"}
    watch.happen(leaves(leg, "b", name), hung_up(leg), event("Rename", Uniqueid=leg, Newname="x"))
    assert (watch.where(), watch.left, watch.deserted) == ({"1": B, "2": B}, [], [])


# ---- bridges -------------------------------------------------------------------------------------


def test_given_two_when_they_are_connected_then_one_place_and_nobody_is_alone() -> None:
    watch = Watch(born("1"), born("2"))
    watch.happen(enters("1", "b"))
    assert watch.where() == {"1": B, "2": alone("2")}
    assert (watch.left, watch.deserted) == ([("1", alone("1"))], [alone("1")])
    watch.happen(enters("2", "b"))
    assert {call.uniqueid for call in watch.directory.parties(B)} == {"1", "2"}
    assert not watch.directory.parties(alone("2"))


def test_given_where_a_channel_is_in_the_dialplan_when_it_enters_then_that_is_known() -> None:
    watch = Watch(born("1", Context="default", Exten="s"))
    fields = {**channel("1", Context="queues", Exten="500"), **bridge("b")}
    watch.happen(event("BridgeEnter", **fields))
    assert (watch.party("1").context, watch.party("1").number) == ("queues", "500")


@pytest.mark.parametrize("gone", [leaves("1", "b"), hung_up("1")])
def test_given_two_when_one_leaves_then_their_bridge_is_deserted_at_once(gone: AmiEvent) -> None:
    """The other one would else be kept on the line by our leg."""
    watch = Watch(*talk("1", "2"))
    watch.happen(gone)
    assert (watch.left, watch.deserted) == ([("1", B)], [B])
    assert watch.where()["2"] == B
    watch.happen(leaves("2", "b"))
    assert (watch.left, watch.deserted) == ([("2", B)], [B])
    assert watch.directory.bridge("b") is None or gone.name == "Hangup"


def test_given_a_third_party_when_it_comes_and_goes_then_the_two_go_on() -> None:
    watch = Watch(*talk("1", "2"))
    watch.happen(born("3"), enters("3", "b"))
    assert set(watch.where().values()) == {B}
    watch.happen(leaves("3", "b"))
    assert (watch.left, watch.deserted) == ([("3", B)], [])
    watch.happen(leaves("1", "b"))
    assert watch.deserted == [B]


def test_given_a_call_that_moves_when_told_then_it_has_left_the_old_bridge() -> None:
    for meanwhile in ([leaves("1", "b")], []):  # a leave that is told, and one that is not
        watch = Watch(*talk("1", "2"), *talk("3", place=C))
        watch.happen(*meanwhile, enters("1", "c"))
        assert watch.left[0] == ("1", B)
        assert watch.deserted[0] == B
        assert watch.where() == {"1": C, "2": B, "3": C}
        assert C not in watch.deserted


def test_given_a_call_when_it_goes_from_a_bridge_into_a_room_and_back_then_so_it_is() -> None:
    watch = Watch(*talk("1", "2"))
    watch.happen(leaves("1", "b"), joins("1", ROOM.number))
    assert watch.where() == {"1": ROOM, "2": B}
    watch.happen(parts("1", ROOM.number), enters("1", "b"))
    assert watch.where() == {"1": B, "2": B}
    assert ROOM in watch.deserted


@pytest.mark.parametrize("first", ["room", "bridge"])
def test_given_a_room_when_its_own_bridge_is_told_of_then_the_room_says_more(first: str) -> None:
    inside = enters("1", "conf", **CONFBRIDGE)
    told = [joins("1", ROOM.number), inside]
    watch = Watch(born("1"))
    watch.happen(*(told if first == "room" else reversed(told)))
    assert watch.where() == {"1": ROOM}
    assert [place for place in watch.deserted if not isinstance(place, Alone)] == []
    watch.happen(leaves("1", "conf"))
    assert (watch.where(), watch.left) == ({"1": ROOM}, [])
    watch.happen(parts("1", ROOM.number))
    assert (watch.where(), watch.deserted) == ({"1": alone("1")}, [ROOM])


def test_given_bridges_of_all_sorts_when_asked_then_they_are_what_asterisk_said() -> None:
    parked = {"BridgeTechnology": "holding_bridge"}
    watch = Watch(
        enters("1", "b"),
        enters("2", "conf", **CONFBRIDGE),
        enters("3", "parked", **parked),
        enters("4", "ari", BridgeType="stasis", BridgeTechnology="softmix"),
    )
    found = {name: watch.directory.bridge(name) for name in ("b", "conf", "parked", "ari")}
    kinds = {name: kind.is_talk for name, kind in found.items() if kind is not None}
    assert kinds == {"b": True, "conf": False, "parked": False, "ari": False}
    assert watch.where() == {
        "1": B,
        "2": alone("2"),
        "3": Bridge(SERVER, "parked"),
        "4": Bridge(SERVER, "ari"),
    }
    assert watch.directory.bridge("never") is None


# ---- agents --------------------------------------------------------------------------------------


def test_given_an_agent_when_in_a_bridge_then_the_session_is_there_and_names_the_call() -> None:
    watch = Watch(*talk("1", "2"), says("1", "CALLCUE_AGENT", "1000"))
    session = watch.directory.agent_session("1000")
    assert session is not None
    assert (session.place, session.source, session.call) == (B, "variable", watch.party("1").id)
    assert [watch.party(one).is_agent for one in ("1", "2")] == [True, False]
    watch.happen(leaves("1", "b"))
    session = watch.directory.agent_session("1000")
    assert session is not None
    assert session.place == alone("1")
    watch.happen(hung_up("1"))
    assert watch.directory.agent_session("1000") is None


def test_given_an_agent_when_the_variable_changes_then_only_the_new_agent_is_there() -> None:
    watch = Watch(born("1"), says("1", "CALLCUE_AGENT", "1000"), says("1", "_CALLCUE_AGENT", "2"))
    assert watch.directory.agent_session("1000") is None
    assert watch.directory.agent_session("2") is not None
    watch.happen(says("1", "CALLCUE_AGENT", ""))
    assert watch.directory.agent_session("2") is None
    assert not watch.party("1").is_agent


def test_given_an_agent_with_two_channels_when_one_hangs_up_then_the_other_one_is_the_agent() -> (
    None
):
    watch = Watch(*talk("1", "2"), says("1", "CALLCUE_AGENT", "7"), says("2", "CALLCUE_AGENT", "7"))
    watch.happen(hung_up("1"))
    session = watch.directory.agent_session("7")
    assert session is not None
    assert session.call == watch.party("2").id


def test_given_patterns_of_agents_channels_when_one_comes_then_it_is_an_agents() -> None:
    watch = Watch(
        born("1", "PJSIP/agent-7-01"), born("2", "PJSIP/trunk-02"), agent_channels=["PJSIP/agent-*"]
    )
    assert [(watch.party(one).is_agent, watch.party(one).agent) for one in ("1", "2")] == [
        (True, None),
        (False, None),
    ]
    watch.happen(event("Rename", Uniqueid="2", Newname="PJSIP/agent-8-02"))
    assert watch.party("2").is_agent


# ---- while it listens to us ----------------------------------------------------------------------


def test_given_a_call_that_listens_beside_when_told_of_then_it_was_not_dialled_there() -> None:
    watch = Watch(born("1", Context="ivr", Exten="100"))
    fields = channel("1", Context="callcue-beside", Exten="to-x", Variable="CALLCUE_AGENT")
    watch.happen(event("VarSet", **fields, Value="1"), enters("1", "b", Context="callcue-beside"))
    assert (watch.party("1").context, watch.party("1").number) == ("ivr", "100")
    anew = Watch()
    listens = status("1", Context="callcue-beside", Exten="to-x", Variable="CALLCUE_BACK=ivr/100/3")
    anew.directory.apply(Snapshot([listens], {}, []))
    found = anew.party("1")
    assert (found.place, found.context, found.number) == (alone("1"), "ivr", "100")


# ---- snapshots -----------------------------------------------------------------------------------

KINDS = {
    "b": BridgeKind.of(event("BridgeListItem", **bridge("b"))),
    "conf": BridgeKind.of(event("BridgeListItem", **bridge("conf", **CONFBRIDGE))),
}


def snapshot(*statuses: AmiEvent, members: list[AmiEvent] | None = None) -> Snapshot:
    return Snapshot(list(statuses), KINDS, members or [])


def anew(watch: Watch, found: Snapshot, *meanwhile: AmiEvent) -> None:
    """The link was lost; *found* is what is seen then, *meanwhile* what happens as it is taken."""
    watch.directory.lost()
    watch.directory.expect_snapshot()
    watch.happen(*meanwhile)
    assert (watch.left, watch.deserted) == ([], [])  # kept until it is in
    watch.directory.apply(found)


def test_given_a_snapshot_when_applied_then_everybody_is_where_they_are() -> None:
    watch, leg = Watch(), a_leg()
    anew(
        watch,
        snapshot(
            status("1", bridge_id="b", Context="from-trunk", Exten="100"),
            status("2", bridge_id="b", Variable="CALLCUE_AGENT=1000\nCALLCUE_CALL_ID=(null)"),
            status("3", Context="ivr", Exten="s"),
            status("4", bridge_id="conf"),
            status("5", "Local/x@y-01;1"),
            status("6", bridge_id="came while we looked"),
            status(leg, "Local/barge@callcue-join-01;2"),
            members=[joins("4", ROOM.number)],
        ),
    )
    assert watch.where() == {
        "1": B,
        "2": B,
        "3": alone("3"),
        "4": ROOM,
        "6": Bridge(SERVER, "came while we looked"),
    }
    assert (watch.party("1").context, watch.party("1").number) == ("from-trunk", "100")
    assert watch.party("2").agent == "1000"
    assert [place for place in watch.deserted if not isinstance(place, Alone)] == []
    found = watch.directory.bridge("b")
    assert found is not None
    assert (found.is_talk, set(found.channels)) == (True, {"1", "2"})


def test_given_a_bridge_seen_before_when_its_kind_is_in_the_next_snapshot_then_it_is_known() -> (
    None
):
    """It had come while the list was taken, and is of no sort until an event says more."""
    watch = Watch()
    anew(watch, snapshot(status("1", bridge_id="c"), status("2", bridge_id="c")))
    found = watch.directory.bridge("c")
    assert found is not None
    assert not found.is_talk
    watch.happen(enters("1", "c"))
    found = watch.directory.bridge("c")
    assert found is not None
    assert (found.is_talk, set(found.channels)) == (True, {"1", "2"})


def test_given_events_while_a_snapshot_is_taken_when_applied_then_they_have_the_last_word() -> None:
    watch = Watch(*talk("1", "2"))
    anew(
        watch,
        snapshot(status("1", bridge_id="b"), status("2", bridge_id="b")),
        leaves("2", "b"),
        hung_up("2"),
        born("3"),
        enters("3", "b"),
    )
    assert watch.where() == {"1": B, "3": B}
    assert ("2", B) in watch.left


def test_given_calls_that_moved_while_the_link_was_lost_when_back_then_they_have_left() -> None:
    watch = Watch(*talk("1", "2"), *talk("3", "4", place=C))
    anew(
        watch,
        snapshot(
            status("1", bridge_id="b"),
            status("2"),
            status("3", bridge_id="c"),
            status("4", bridge_id="c"),
        ),
    )
    assert watch.left == [("2", B)]
    assert watch.deserted == [B]


def test_given_nothing_changed_while_the_link_was_lost_when_back_then_nobody_has_left() -> None:
    watch = Watch(*talk("1", "2"), born("3"))
    same = snapshot(status("1", bridge_id="b"), status("2", bridge_id="b"), status("3"))
    anew(watch, same)
    assert (watch.left, watch.deserted) == ([], [])


# ---- ids -----------------------------------------------------------------------------------------


def test_given_an_id_of_its_own_when_a_call_moves_then_it_keeps_it() -> None:
    own = CallId(uuid4())
    watch = Watch(*talk("1", "2"), says("1", "CALLCUE_CALL_ID", str(own)))
    for moved in (leaves("1", "b"), enters("1", "c"), joins("1", ROOM.number)):
        watch.happen(moved)
        assert watch.directory.call(own) is watch.party("1")
    watch.happen(hung_up("1"))
    assert watch.directory.call(own) is None


def test_given_an_id_that_is_inherited_when_the_first_one_ends_then_the_heir_keeps_it() -> None:
    own = CallId(UUID(int=7))
    watch = Watch(
        *talk("1", "2"),
        says("1", "__CALLCUE_CALL_ID", str(own)),
        says("2", "CALLCUE_CALL_ID", str(own)),
    )
    watch.happen(hung_up("1"))
    assert watch.directory.call(own) is watch.party("2")


def test_given_an_id_that_is_inherited_when_the_heir_ends_then_the_first_one_has_it_again() -> None:
    own = CallId(UUID(int=7))
    watch = Watch(
        *talk("1", "2"),
        says("1", "__CALLCUE_CALL_ID", str(own)),
        says("2", "CALLCUE_CALL_ID", str(own)),
    )
    watch.happen(hung_up("2"))
    assert watch.directory.call(own) is watch.party("1")
    watch.happen(hung_up("1"))
    assert watch.directory.call(own) is None


# ---- memory --------------------------------------------------------------------------------------


def test_given_many_calls_when_all_have_hung_up_then_nothing_of_them_is_kept() -> None:
    watch = Watch(ignore=["Recorder/*"], agent_channels=["PJSIP/a*"])
    for number in range(20):
        one, two, three = (f"{number}.{part}" for part in range(3))
        b, c, leg = f"b{number}", f"c{number}", a_leg()
        watch.happen(
            *talk(one, two, place=Bridge(SERVER, b)),
            says(one, "CALLCUE_AGENT", f"agent-{number}"),
            says(one, "CALLCUE_AGENT", f"agent-{number}-again"),
            says(two, "CALLCUE_CALL_ID", str(uuid4())),
            born(three, "Recorder/1"),
            enters(three, b, "Recorder/1"),
            born(leg),
            enters(leg, b),
            leaves(one, b),
            enters(one, c),
            leaves(leg, b),
            hung_up(leg),
            joins(two, f"room-{number}"),
            enters(two, f"inside-{number}", **CONFBRIDGE),
            event("Rename", Uniqueid=two, Newname="PJSIP/other-1"),
        )
        assert watch.remembered()
        ends = [leaves(two, f"inside-{number}"), parts(two, f"room-{number}"), leaves(two, b)]
        ends += [leaves(one, c), leaves(three, b, "Recorder/1")]
        watch.happen(*ends, *(hung_up(gone) for gone in (one, two, three)))
        assert watch.remembered() == {}
