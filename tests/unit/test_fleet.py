"""What runs each Asterisk: one that ends by itself is a fault, one that is told to is none."""

import asyncio

import pytest

from callcue.fleet import Fleet


class Runner:
    """Runs until it is told to fail."""

    def __init__(self, name: str, fault: BaseException | None = None) -> None:
        self.name = name
        self.fails = asyncio.Event()
        self._fault = fault

    async def run(self) -> None:
        await self.fails.wait()
        if self._fault is not None:
            raise self._fault


async def test_given_one_that_fails_then_it_is_told_and_why() -> None:
    fleet = Fleet([Runner("main"), Runner("east", ValueError("no"))])
    fault = fleet.start()
    fleet.servers[1].fails.set()
    with pytest.raises(ValueError, match="no"):
        await asyncio.wait_for(fault, 5)
    await fleet.close()


@pytest.mark.parametrize("fault", [None, asyncio.CancelledError()])
async def test_given_one_that_just_ends_then_it_is_told(fault: BaseException | None) -> None:
    fleet = Fleet([Runner("main", fault)])
    ended = fleet.start()
    fleet.servers[0].fails.set()
    await asyncio.wait_for(ended, 5)
    await fleet.close()


async def test_given_one_that_is_added_and_removed_then_that_is_no_fault() -> None:
    fleet = Fleet([Runner("main")])
    ended = fleet.start()
    fleet.add(Runner("east"))
    await fleet.remove("main")
    assert [server.name for server in fleet.servers] == ["east"]
    assert not ended.done()
    fleet.servers[0].fails.set()
    await asyncio.wait_for(ended, 5)
    await fleet.close()
