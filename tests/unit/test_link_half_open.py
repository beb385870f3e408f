"""A link whose TCP stays up while nothing comes any more: found out, with the default timings."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fake_ami import FakeAmi, Owner, linked
from fakes.between import Between

from callcue.asterisk.address import ServerAddress
from callcue.asterisk.errors import OutcomeUnknown
from callcue.asterisk.link import Link
from callcue.asterisk.status import LinkTimings, Phase

pytestmark = pytest.mark.alone

WITHIN = 10.0
TESTS = Path(__file__).parents[1]
IP = shutil.which("ip") or "/usr/sbin/ip"


async def _found_out(owner: Owner) -> float:
    """How long it takes from now on; an action in flight is told at the same moment."""
    began = time.monotonic()
    sending = asyncio.create_task(owner.link.send("Setvar", {"Variable": "X"}, deadline=60))
    await owner.until(lambda: owner.downs, within=2 * WITHIN)
    took = time.monotonic() - began
    assert owner.downs == ["Asterisk was silent for 8 s"]
    assert owner.link.state.phase is not Phase.UP
    with pytest.raises(OutcomeUnknown, match="silent"):
        await sending
    return took


async def test_given_a_go_between_that_falls_silent_then_the_link_is_down_within_ten_seconds() -> (
    None
):
    async with (
        FakeAmi() as ami,
        Between(ami.port) as between,
        linked(ami, port=between.port, timings=LinkTimings()) as owner,
    ):
        await ami.emit("Hangup")  # the worst moment: just after a sign of life
        await owner.until(lambda: owner.events)
        between.fall_silent()
        assert await _found_out(owner) <= WITHIN
        between.passing.set()
        await owner.until(lambda: owner.ups == 2, within=WITHIN)


async def test_given_a_black_hole_in_the_network_then_the_link_is_down_within_ten_seconds() -> None:
    owner = Owner()
    async with _network() as (name, here, there), _ami_in(name, there) as port:
        owner.link = Link(
            ServerAddress(there, port, "callcue", "a-secret"),
            wanted_events={"Hangup"},
            on_event=owner.on_event,
            on_up=owner.on_up,
            on_down=owner.on_down,
        )
        owner.task = asyncio.create_task(owner.link.run())
        try:
            await owner.until_phase(Phase.UP)
            # From here on it hears us, and nothing of what it says comes out: no ACK, no RST.
            await _ip("-n", name, "route", "add", "blackhole", here)
            assert await _found_out(owner) <= WITHIN
            await _ip("-n", name, "route", "del", "blackhole", here)
            await owner.until(lambda: owner.ups == 2, within=2 * WITHIN)
        finally:
            await owner.close()


@asynccontextmanager
async def _network() -> AsyncIterator[tuple[str, str, str]]:
    """A network namespace behind a wire: its name, our address and its own."""
    name, wire = f"cc-hole-{os.getpid()}", f"cc{os.getpid()}"
    here, there = "198.18.77.1", "198.18.77.2"  # for measurements between networks: nobody's
    if os.geteuid() != 0 or not await _ip("netns", "add", name, check=False):
        pytest.skip("no network namespace can be made here: that takes root on Linux")
    try:
        pair = ("type", "veth", "peer", "name", f"{wire}b", "netns", name)
        if not await _ip("link", "add", f"{wire}a", *pair, check=False):
            pytest.skip("no virtual wire can be made here")
        await _ip("addr", "add", f"{here}/30", "dev", f"{wire}a")
        await _ip("link", "set", f"{wire}a", "up")
        await _ip("-n", name, "addr", "add", f"{there}/30", "dev", f"{wire}b")
        await _ip("-n", name, "link", "set", f"{wire}b", "up")
        yield name, here, there
    finally:
        await _ip("netns", "delete", name)  # and the wire with it


@asynccontextmanager
async def _ami_in(name: str, address: str) -> AsyncIterator[int]:
    """A fake Asterisk in that namespace; its port."""
    process = await asyncio.create_subprocess_exec(
        *(IP, "netns", "exec", name, sys.executable, "-c", _AMI, address),
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        await process.communicate(b"")  # it ends with its input


_AMI = """
import asyncio, sys
from fake_ami import FakeAmi

async def main():
    ami = FakeAmi(host=sys.argv[1])
    async with ami:
        print(ami.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


async def _ip(*words: str, check: bool = True) -> bool:
    process = await asyncio.create_subprocess_exec(IP, *words, stderr=asyncio.subprocess.PIPE)
    _, complaint = await process.communicate()
    assert not check or process.returncode == 0, complaint
    return process.returncode == 0
