"""Rooms and parties: from a snapshot, from events, and from both at once.

Bridges and channels that are alone have `test_directory_bridges`.
"""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from stateful.fake_world import ROOM, fake_world
from stateful.stage import play

from callcue.asterisk.directory import Directory
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.snapshot import Snapshot
from callcue.core.ports import Call
from callcue.core.types import Alone, CallId, Conference, Place

A, B = Conference("pbx1", "8600051"), Conference("pbx1", "8600066")


def event(name: str, **fields: str) -> AmiEvent:
    return AmiEvent(name, {key.lower(): value for key, value in fields.items()}, 0.0)


def member(uniqueid: str, room: Conference = A, *, left: bool = False) -> AmiEvent:
    name = "ConfbridgeLeave" if left else "ConfbridgeJoin"
    channel = f"PJSIP/{uniqueid}-00000001"
    return event(name, Conference=room.number, Uniqueid=uniqueid, Channel=channel, Exten="8600")


def left(uniqueid: str, room: Conference = A) -> AmiEvent:
    return member(uniqueid, room, left=True)


def hung_up(uniqueid: str) -> AmiEvent:
    return event("Hangup", Uniqueid=uniqueid)


class Watched:
    """A directory that is up, and the rooms it called deserted."""

    def __init__(self, *members: AmiEvent, tags: Sequence[str] = ()) -> None:
        self.directory = Directory(
            "pbx1", ignore=["Recorder/*"], agents={"1000": "8600051"}, tags=tags
        )
        self.deserted: list[Place] = []
        self.directory.on_deserted = self._note_deserted
        self.directory.expect_snapshot()
        self.directory.apply(Snapshot([], {}, list(members)))

    def _note_deserted(self, place: Place) -> None:
        # Whoever enters a room was alone before, and leaves that place too.
        if isinstance(place, Conference):
            self.deserted.append(place)

    def happen(self, *events: AmiEvent) -> None:
        for one in events:
            self.directory.on_event(one)

    def anew(
        self, members: list[AmiEvent], *meanwhile: AmiEvent, agent: tuple[str, str] | None = None
    ) -> None:
        """The link was lost; a snapshot is taken while events come in."""
        self.directory.lost()
        self.directory.expect_snapshot()
        self.happen(*meanwhile)
        statuses = []
        if agent is not None:
            variable = f"CALLCUE_AGENT={agent[1]}"
            statuses = [event("Status", Uniqueid=agent[0], Channel="PJSIP/x-1", Variable=variable)]
        self.directory.apply(Snapshot(statuses, {}, members))

    def parties(self) -> tuple[int, int]:
        return len(self.directory.parties(A)), len(self.directory.parties(B))

    def only_call(self) -> Call:
        (call,) = self.directory.calls()
        return call


# ---- events --------------------------------------------------------------------------------------


def test_given_events_when_parties_come_and_go_then_counted_and_deserted_at_the_last() -> None:
    watched = Watched()
    watched.happen(member("1"), member("2"), member("3", B))
    assert watched.parties() == (2, 1)
    watched.happen(left("1"))
    assert (watched.parties(), watched.deserted) == ((1, 1), [])
    watched.happen(hung_up("2"))
    assert (watched.parties(), watched.deserted) == ((0, 1), [A])
    watched.happen(left("2"), left("9"), hung_up("2"))
    assert watched.deserted == [A]


def test_given_a_party_that_leaves_when_told_then_it_is_alone_until_it_hangs_up() -> None:
    watched = Watched(member("1"))
    watched.happen(left("1"))
    assert watched.only_call().place == Alone("pbx1", "1")
    watched.happen(hung_up("1"))
    assert list(watched.directory.calls()) == []


def test_given_half_of_a_local_channel_when_it_leaves_a_room_then_it_is_no_call() -> None:
    half = {"Uniqueid": "1", "Channel": "Local/agent@default-00000001;2", "Conference": A.number}
    watched = Watched(event("ConfbridgeJoin", **half))
    assert watched.parties() == (1, 0)
    watched.happen(event("ConfbridgeLeave", **half))
    assert (list(watched.directory.calls()), watched.deserted) == ([], [A])


def test_given_a_room_that_ends_when_told_then_all_are_out() -> None:
    watched = Watched(member("1"), member("2"))
    watched.happen(event("ConfbridgeEnd", Conference=A.number))
    assert (watched.parties(), watched.deserted) == ((0, 0), [A])


def test_given_a_leg_a_recorder_or_nobody_when_joining_then_no_party() -> None:
    watched = Watched()
    leg = f"callcue-j-{uuid4()}"
    recorder = event("ConfbridgeJoin", Conference="1", Uniqueid="7", Channel="Recorder/1")
    nobody = event("ConfbridgeJoin", Conference="1", Channel="PJSIP/x-1")
    watched.happen(member(leg), recorder, nobody)
    assert list(watched.directory.calls()) == []


@pytest.mark.parametrize("name", ["", "a b", "a,b", "${X}", "x" * 81])
def test_given_a_room_name_that_cannot_be_dialled_when_joined_then_in_no_room(name: str) -> None:
    watched = Watched(event("ConfbridgeJoin", Conference=name, Uniqueid="1", Channel="PJSIP/a-1"))
    assert watched.only_call().place == Alone("pbx1", "1")


def test_given_a_rename_when_told_then_the_channel_has_its_new_name() -> None:
    watched = Watched(member("1"))
    watched.happen(event("Rename", Uniqueid="1", Newname="PJSIP/new-00000002"))
    assert (watched.only_call().channel, watched.only_call().endpoint) == (
        "PJSIP/new-00000002",
        "PJSIP/new",
    )


def test_given_a_party_that_moves_when_told_then_it_is_in_the_new_room_alone() -> None:
    watched = Watched(member("1"), member("2", B))
    watched.happen(left("1"), member("1", B))
    assert (watched.parties(), watched.deserted) == ((0, 2), [A])


def test_given_a_join_whose_leave_was_missed_when_told_then_it_is_in_one_room_only() -> None:
    watched = Watched(member("1"))
    watched.happen(member("1", B))
    assert (watched.parties(), watched.deserted) == ((0, 1), [A])


# ---- snapshots -----------------------------------------------------------------------------------


def test_given_a_snapshot_when_applied_then_available_until_lost() -> None:
    watched = Watched(member("1"))
    assert (watched.parties(), watched.directory.available("pbx1")) == ((1, 0), True)
    assert not watched.directory.available("pbx2")
    watched.directory.lost()
    assert not watched.directory.available("pbx1")
    assert len(watched.directory.parties(A)) == 1  # the last that was known


def test_given_a_leave_while_the_snapshot_is_taken_when_applied_then_nobody_comes_back() -> None:
    watched = Watched(member("1"))
    watched.anew([member("1")], left("1"))
    assert watched.parties() == (0, 0)
    assert set(watched.deserted) == {A}


def test_given_a_join_while_the_snapshot_is_taken_when_applied_then_it_counts_once() -> None:
    for members in ([member("1"), member("2")], [member("1")]):
        watched = Watched(member("1"))
        watched.anew(members, member("2"))
        assert (watched.parties(), watched.deserted) == ((2, 0), [])


def test_given_a_move_while_the_snapshot_is_taken_when_applied_then_in_the_new_room_alone() -> None:
    """It was seen in both rooms: in the old one before it went, in the new one after it came."""
    watched = Watched(member("1"), member("2", B))
    watched.anew(
        [member("1"), member("2", B), member("1", B)], left("1"), member("1", B), left("2", B)
    )
    assert watched.parties() == (0, 1)
    assert B not in watched.deserted
    assert A in watched.deserted


def test_given_all_left_while_the_link_was_lost_when_back_then_deserted() -> None:
    watched = Watched(member("1"), member("2", B))
    watched.anew([member("2", B)])
    assert watched.deserted == [A]


def test_given_one_that_left_and_came_back_while_a_snapshot_is_taken_then_nobody_is_told() -> None:
    """What is replayed may be older than the snapshot."""
    watched = Watched(member("1"))
    has_left: list[Call] = []
    watched.directory.on_left = has_left.append
    watched.anew([member("1")], left("1"), member("1"))
    assert watched.parties() == (1, 0)
    assert (has_left, watched.deserted) == ([], [])


def test_given_a_loss_while_a_snapshot_is_awaited_when_next_then_old_events_are_gone() -> None:
    watched = Watched()
    watched.directory.expect_snapshot()
    watched.happen(member("1"))
    watched.anew([])
    assert watched.parties() == (0, 0)


# ---- whose call it is ----------------------------------------------------------------------------


def test_given_a_uniqueid_that_is_a_uuid_when_joined_then_it_is_the_calls_id() -> None:
    own = uuid4()
    watched = Watched(member(str(own)))
    assert watched.directory.call(CallId(own)) is watched.only_call()


def test_given_any_uniqueid_when_joined_twice_then_the_same_id_each_time() -> None:
    first, again = Watched(member("17.1")), Watched(member("17.1"))
    assert first.only_call().id == again.only_call().id
    other = Directory("pbx2")
    other.apply(Snapshot([], {}, [member("17.1")]))
    assert {call.id for call in other.calls()} != {first.only_call().id}


def test_given_a_variable_when_set_then_it_names_the_call_and_the_old_name_is_gone() -> None:
    watched = Watched(member("1"))
    before, own = watched.only_call().id, uuid4()
    fields = {"Uniqueid": "1", "Variable": "__CALLCUE_CALL_ID", "Value": str(own)}
    watched.happen(event("VarSet", **fields))
    assert watched.directory.call(CallId(own)) is watched.only_call()
    assert watched.directory.call(before) is None
    watched.happen(left("1"))
    assert watched.directory.call(CallId(own)) is watched.only_call()
    watched.happen(hung_up("1"))
    assert watched.directory.call(CallId(UUID(int=own.int))) is None


def test_given_a_variable_that_is_no_uuid_when_set_then_the_made_id_stays() -> None:
    watched = Watched(member("1"))
    before = watched.only_call().id
    watched.happen(event("VarSet", Uniqueid="1", Variable="CALLCUE_CALL_ID", Value="nonsense"))
    assert watched.only_call().id == before


def test_given_variables_that_are_tags_when_set_and_unset_then_the_call_has_them() -> None:
    watched = Watched(member("1"), tags=("CAMPAIGN", "CALLCUE_TAG"))
    assert watched.only_call().tags == frozenset()
    for name, value in (("__CAMPAIGN", "spring"), ("CALLCUE_TAG", "a=b"), ("OTHER", "x")):
        watched.happen(event("VarSet", Uniqueid="1", Variable=name, Value=value))
    assert watched.only_call().tags == {"CAMPAIGN=spring", "CALLCUE_TAG=a=b"}
    watched.happen(event("VarSet", Uniqueid="1", Variable="CAMPAIGN", Value=""))
    assert watched.only_call().tags == {"CALLCUE_TAG=a=b"}


def test_given_an_agents_channel_when_it_says_so_then_its_room_and_else_the_settings() -> None:
    watched = Watched(member("1", B))
    assert watched.directory.agent_session("1000") is None  # its room of the settings is empty
    watched.happen(member("2"))
    session = watched.directory.agent_session("1000")
    assert session is not None
    assert (session.place, session.source) == (A, "settings")
    watched.happen(event("VarSet", Uniqueid="1", Variable="CALLCUE_AGENT", Value="1000"))
    session = watched.directory.agent_session("1000")
    assert session is not None
    assert (session.place, session.source) == (B, "variable")
    assert watched.directory.agent_session("nobody") is None


def test_given_a_variable_before_the_join_when_joined_then_it_counts() -> None:
    watched = Watched()
    watched.happen(
        event("VarSet", Uniqueid="1", Variable="CALLCUE_AGENT", Value="1000"),
        event("VarSet", Uniqueid="1", Variable="OTHER", Value="x"),
        member("1"),
    )
    assert watched.only_call().agent == "1000"
    watched.happen(hung_up("1"), member("1"))
    assert watched.only_call().agent is None


def test_given_variables_in_the_snapshot_when_applied_then_they_count() -> None:
    watched = Watched()
    watched.anew([member("1")], agent=("1", "1000"))
    assert watched.only_call().agent == "1000"


# ---- on the wire ---------------------------------------------------------------------------------


async def test_given_rooms_before_callcue_when_it_comes_up_then_all_is_known() -> None:
    async with fake_world(parties=False, ignore=("Recorder/*",), agents={"9": "12"}) as world:
        directory = world.server.directory
        world.pbx.enter("8600051", "Recorder/1")
        agent = world.pbx.enter("8600051", "PJSIP/agent", CALLCUE_AGENT="1000")
        world.pbx.enter("12", "PJSIP/bob")
        lost = world.pbx.enter("a room", "PJSIP/lost")  # it cannot be dialled: as if alone
        world.pbx.drop_link()
        await world.until(lambda: not directory.available("pbx1"))
        await world.until_ready()
        places = {call.place for call in directory.calls()}
        assert places == {ROOM, Conference("pbx1", "12"), Alone("pbx1", lost)}
        session = directory.agent_session("1000")
        assert session is not None
        assert session.place == ROOM
        assert directory.agent_session("9") is not None
        world.pbx.leave(agent)
        await world.until(lambda: directory.agent_session("1000") is None)


async def test_given_no_rooms_when_callcue_comes_up_then_ready_and_empty() -> None:
    async with fake_world(parties=False) as world:
        assert list(world.server.directory.calls()) == []
        world.pbx.enter("8600051")
        await world.until(lambda: len(world.server.directory.parties(ROOM)) == 1)


async def test_given_a_room_that_closes_while_it_is_listed_when_coming_up_then_no_matter() -> None:
    async with fake_world() as world:
        rooms = [{"Conference": "8600051"}, {"Conference": "just-closed"}]
        world.pbx.ami.belief.lists["ConfbridgeListRooms"] = rooms
        world.pbx.ami.on("ConfbridgeListRooms", world.pbx.ami.belief.answer)
        world.pbx.drop_link()
        await world.until(lambda: not world.server.readiness().ready)
        await world.until_ready()
        assert len(world.server.directory.parties(ROOM)) == 1


async def test_given_legs_when_listed_or_joined_then_they_are_no_parties() -> None:
    async with fake_world() as world:
        await world.perform(ROOM, play())
        assert len(world.server.directory.parties(ROOM)) == 1
        world.pbx.drop_link()
        await world.until(lambda: not world.server.readiness().ready)
        await world.until_ready()
        assert len(world.server.directory.parties(ROOM)) == 1
