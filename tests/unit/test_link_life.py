"""The link as a citizen of the process: what it refuses to write, and how it leaves."""

import asyncio
import gc
import socket
import statistics
from dataclasses import replace

import pytest
from fake_ami import QUICK, FakeAmi, Owner, linked

from callcue.asterisk.action import UnsafeHeader
from callcue.asterisk.backoff import Backoff
from callcue.asterisk.disposable import DisposableManager
from callcue.asterisk.errors import OutcomeUnknown
from callcue.asterisk.status import Phase


@pytest.mark.parametrize("control", ["\r\n", "\r", "\n", "\x00"])
async def test_given_a_control_character_when_sent_then_refused_before_a_byte(control: str) -> None:
    evil = f"x{control}{control}Action: UserEvent{control}UserEvent: Evil"
    async with FakeAmi() as ami, linked(ami) as owner:
        for headers in ({"CallerID": evil}, {evil: "x"}):
            with pytest.raises(UnsafeHeader):
                await owner.link.send("Hangup", headers)
            with pytest.raises(UnsafeHeader):
                await owner.link.collect("Status", headers)
        with pytest.raises(UnsafeHeader):
            await owner.link.send("Originate", {"Async": "true"}, variables={"A": evil})
        await owner.link.send("Ping")
        assert [action.name for action in ami.actions] == ["Login", "Ping", "Ping"]


def links_own_tasks() -> list[str]:
    coroutines = (task.get_coro() for task in asyncio.all_tasks())
    frames = (getattr(coroutine, "cr_code", None) for coroutine in coroutines)
    return [code.co_qualname for code in frames if code and "callcue/asterisk" in code.co_filename]


async def test_given_a_running_link_when_cancelled_then_no_task_and_no_socket_is_left() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        ami.ignore("Redirect")
        sending = asyncio.create_task(owner.link.send("Redirect", deadline=60))
        await ami.wait_for("Redirect")
        assert set(links_own_tasks()) == {"Link.run", "Link.send", "Inbox.run", "watch"}
        await owner.close()
        assert set(links_own_tasks()) <= {"Link.send"}
        with pytest.raises(OutcomeUnknown, match="closed"):
            await sending
        assert (owner.link.state.phase, owner.downs) == (Phase.DOWN, ["closed"])
        await ami.wait_until(lambda: ami.open_connections == 0)
        gc.collect()  # an open socket would be a ResourceWarning, which is an error here


async def test_given_panoramisks_own_retries_and_pings_when_at_zero_then_none_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("reconnect_timeout", "ping_delay", "ping_interval"):
        monkeypatch.setitem(DisposableManager.defaults, name, 0)
    patient = replace(QUICK, first_retry=60, longest_retry=60)
    async with FakeAmi() as ami:
        async with linked(ami, timings=patient) as owner:
            await asyncio.sleep(0.05)
            assert len(ami.received("Ping")) == 1  # our own, for the time it is there
            ami.drop_connections()
            await owner.until_phase(Phase.DOWN)
            await asyncio.sleep(0.05)
            assert ami.connections == 1
        await ami.stop()
        async with linked(ami, timings=patient, phase=Phase.DOWN) as owner:
            await owner.until(lambda: "cannot connect" in owner.link.state.reason)
            await ami.start()
            await asyncio.sleep(0.05)
            assert ami.connections == 1


async def test_given_a_connection_when_made_then_the_kernel_watches_it_too() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        assert owner.link._connection is not None
        protocol = owner.link._connection._protocol
        assert protocol is not None
        sock = protocol.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000


@pytest.mark.parametrize("phase", [Phase.CONNECTING, Phase.SYNCING, Phase.DOWN, Phase.REJECTED])
async def test_given_any_phase_when_cancelled_then_it_ends_at_once(phase: Phase) -> None:
    owner = Owner()
    async with FakeAmi() as ami:
        if phase is Phase.CONNECTING:
            ami.ignore("Login")
        if phase is Phase.DOWN:
            await ami.stop()
        ami.reject_logins = phase is Phase.REJECTED
        owner.when_up = asyncio.Event().wait
        async with linked(ami, owner=owner, phase=phase):
            async with asyncio.timeout(1):
                await owner.close()
            assert owner.task.cancelled()
            assert len(owner.downs) == owner.ups == (1 if phase is Phase.SYNCING else 0)


async def test_given_a_raising_on_down_when_lost_then_the_link_comes_back() -> None:
    owner = Owner()
    async with FakeAmi() as ami, linked(ami, owner=owner):
        owner.downs = None  # type: ignore[assignment]  # so that on_down raises
        ami.drop_connections()
        await owner.until(lambda: owner.ups == 2)
        await owner.until_phase(Phase.UP)


async def test_given_many_connections_when_lost_then_each_one_is_announced() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        for number in range(1, 6):
            ami.drop_connections()
            await owner.until(lambda number=number: owner.ups == number + 1)  # type: ignore[misc]
            await owner.until_phase(Phase.UP)
        assert owner.log == ["up", *["down: Asterisk closed the connection", "up"] * 5]
        assert ami.open_connections == 1


def test_given_a_backoff_when_asked_then_it_doubles_with_jitter_up_to_its_longest() -> None:
    samples = []
    for _ in range(500):
        backoff = Backoff(0.25, 15.0)
        samples.append([backoff.next() for _ in range(10)])
    columns = list(zip(*samples, strict=True))
    assert all(0.125 <= delay <= 0.375 for delay in columns[0])
    assert 0.45 < statistics.mean(columns[1]) < 0.55
    assert max(map(max, columns)) <= 15.0
    assert min(columns[9]) >= 7.5
    backoff.reset()
    assert backoff.next() <= 0.375
