"""The way into a room by VICIdial's own extension."""

import pytest
from fakes.events import joins

from callcue.asterisk.dialplan import RoomContext, through_dialplan
from callcue.asterisk.directory import Directory
from callcue.asterisk.joins import Join, Way, join_of
from callcue.asterisk.snapshot import Snapshot
from callcue.core.errors import CannotPlayHere
from callcue.core.types import Conference

SERVER = "pbx1"
ROOM = Conference(SERVER, "9600051")


def directory(*rooms: str) -> Directory:
    found = Directory(SERVER)
    found.apply(Snapshot([], {}, []))
    for number, room in enumerate(rooms):
        found.on_event(joins(f"1.{number}", room))
    return found


def context_is(name: str) -> RoomContext:
    async def context_of(server: str) -> str:
        assert server == SERVER
        return name

    return context_of


async def test_given_a_room_of_vicidials_then_by_its_extension_and_the_clip_waits() -> None:
    found = directory(ROOM.number)
    join = await through_dialplan(join_of(found, ROOM, None), ROOM, found, context_is("default"))
    assert join.entrance == "473782179600051@default"
    assert (join.way, join.waits, join.spies) == (Way.ROOM, True, False)


async def test_given_our_own_way_then_our_own_extension() -> None:
    found = directory(ROOM.number)
    assert join_of(found, ROOM, None).entrance == "room@callcue-join"


@pytest.mark.parametrize("name", ["meeting", "12345", "9600051x", "1" * 21])
async def test_given_a_room_that_vicidial_has_no_extension_for_then_our_own(name: str) -> None:
    room, found = Conference(SERVER, name), directory(name)
    join = await through_dialplan(join_of(found, room, None), room, found, context_is("default"))
    assert join.entrance == "room@callcue-join"


async def test_given_a_whisper_then_nothing_changes() -> None:
    join = Join(Way.WHISPER, {"CALLCUE_PARTY": "1"}, "1")
    assert await through_dialplan(join, ROOM, directory(), context_is("default")) is join


async def test_given_an_empty_room_then_it_is_not_opened() -> None:
    with pytest.raises(CannotPlayHere, match="nobody is in the room"):
        await through_dialplan(
            Join(Way.ROOM, {}), ROOM, directory("8600051"), context_is("default")
        )


@pytest.mark.parametrize("name", ["", "a b", "x,1", "${EVIL}", "a/n", "d\r\nAction: x", "x" * 41])
async def test_given_a_context_that_is_no_name_then_it_never_gets_to_asterisk(name: str) -> None:
    with pytest.raises(CannotPlayHere, match="no usable name"):
        await through_dialplan(Join(Way.ROOM, {}), ROOM, directory(ROOM.number), context_is(name))
