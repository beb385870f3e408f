"""A call on hold, asked over a real socket: let in, or refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fake_ami import FakeAmi, Owner, linked
from fakes.events import bridge, channel, enters, event, hung_up

from callcue.asterisk.directory import Directory
from callcue.asterisk.holds import check_not_held
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.snapshot import Snapshot
from callcue.core.errors import AsteriskUnavailable, CannotPlayHere
from callcue.core.types import Bridge

SERVER = "pbx1"
B = Bridge(SERVER, "b")


def holds(uniqueid: str) -> AmiEvent:
    return event("Hold", **channel(uniqueid))


def unholds(uniqueid: str) -> AmiEvent:
    return event("Unhold", **channel(uniqueid))


def directory(*events: AmiEvent) -> Directory:
    """Two talk in bridge `b`, and that has happened since."""
    found = Directory(SERVER)
    found.apply(Snapshot([], {}, []))
    for one in (enters("1", "b"), enters("2", "b"), *events):
        found.on_event(one)
    return found


@asynccontextmanager
async def asterisk(technology: str = "native_rtp") -> AsyncIterator[tuple[FakeAmi, Owner]]:
    async with FakeAmi() as ami, linked(ami) as owner:
        ami.belief.lists["BridgeList"] = [
            bridge("a", BridgeTechnology="softmix"),
            bridge("b", BridgeTechnology=technology),
        ]
        yield ami, owner


@pytest.mark.parametrize("holder", ["1", "2"])
async def test_given_a_native_bridge_on_hold_when_asked_then_refused(holder: str) -> None:
    async with asterisk() as (_, owner):
        with pytest.raises(CannotPlayHere, match="on hold"):
            await check_not_held(owner.link, directory(holds(holder)), B)


async def test_given_a_simple_bridge_on_hold_when_asked_then_let_in() -> None:
    async with asterisk("simple_bridge") as (ami, owner):
        await check_not_held(owner.link, directory(holds("1")), B)
        assert len(ami.received("BridgeList")) == 1


@pytest.mark.parametrize(
    "happened",
    [[], [holds("1"), unholds("1")], [holds("1"), hung_up("1")], [holds("3")]],
    ids=["never", "over", "gone", "another call's"],
)
async def test_given_no_hold_there_when_asked_then_let_in_and_asterisk_is_not_asked(
    happened: list[AmiEvent],
) -> None:
    async with asterisk() as (ami, owner):
        await check_not_held(owner.link, directory(*happened), B)
        assert not ami.received("BridgeList")


async def test_given_a_hold_from_before_a_snapshot_when_asked_then_it_is_not_known() -> None:
    found = directory(holds("1"))
    found.apply(Snapshot([], {}, []))
    assert not found.is_held("b")


async def test_given_no_link_when_asked_then_unavailable() -> None:
    async with asterisk() as (ami, owner):
        await ami.stop()
        with pytest.raises(AsteriskUnavailable):
            await check_not_held(owner.link, directory(holds("1")), B)
