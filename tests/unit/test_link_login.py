"""From the first connect to UP: refused, silent, slow, and not quite Asterisk."""

import asyncio
from dataclasses import replace

import pytest
from fake_ami import QUICK, Belief, FakeAmi, Owner, linked
from structlog.testing import capture_logs

from callcue.asterisk.address import ServerAddress
from callcue.asterisk.errors import NotConnected
from callcue.asterisk.status import Phase

IMPATIENT = replace(QUICK, connect=0.1, login=0.1, booted=0.05, longest_retry=0.01)


async def test_given_a_wrong_secret_when_logging_in_then_rejected_and_no_quick_retry() -> None:
    async with FakeAmi() as ami, linked(ami, secret="wrong", phase=Phase.REJECTED) as owner:
        await ami.wait_until(lambda: ami.open_connections == 0)
        await asyncio.sleep(0.2)  # QUICK would have tried again some ten times
        assert len(ami.received("Login")) == ami.connections == 1
        state = owner.link.state
        assert state.phase is Phase.REJECTED
        assert "login of AMI user 'callcue': Authentication failed" in state.reason
        assert "wrong" not in state.reason
        assert (owner.ups, owner.downs) == (0, [])
        with pytest.raises(NotConnected, match="Authentication failed"):
            await owner.link.send("Ping")


async def test_given_a_rejection_when_mended_then_the_late_retry_succeeds() -> None:
    timings = replace(QUICK, rejected_retry=0.05)
    async with FakeAmi() as ami:
        ami.reject_logins = True
        async with linked(ami, timings=timings, phase=Phase.REJECTED) as owner:
            ami.reject_logins = False
            await owner.until_phase(Phase.UP)
            assert owner.link.state.reason == ""


async def test_given_no_answer_to_login_when_deadline_passes_then_down_and_tried_again() -> None:
    async with FakeAmi() as ami:
        ami.ignore("Login")
        async with linked(ami, timings=IMPATIENT, phase=Phase.DOWN) as owner:
            await ami.wait_for("Login", 2)
            assert "Login: no answer in time" in owner.link.state.reason
            assert owner.ups == 0


async def test_given_nobody_listens_when_connecting_then_down_says_so_and_tries_on() -> None:
    async with FakeAmi() as ami:
        await ami.stop()
        async with linked(ami, phase=Phase.CONNECTING) as owner:
            await owner.until(lambda: "cannot connect" in owner.link.state.reason)
            await ami.start()
            await owner.until_phase(Phase.UP)


async def test_given_another_service_when_it_greets_then_the_reason_asks_for_the_port() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()
        writer.close()

    async with FakeAmi() as ami:
        await ami.stop()
        other = await asyncio.start_server(greet, "127.0.0.1", ami.port)
        async with linked(ami, phase=Phase.DOWN) as owner:
            await owner.until(lambda: "is this its port?" in owner.link.state.reason)
        other.close()
        await other.wait_closed()


async def test_given_no_fully_booted_when_patience_ends_then_up_all_the_same() -> None:
    async with (
        FakeAmi(Belief(fully_booted=False)) as ami,
        linked(ami, timings=IMPATIENT) as owner,
    ):
        assert owner.ups == 1


async def test_given_a_slow_boot_when_fully_booted_comes_then_up_only_after_it() -> None:
    async with (
        FakeAmi(Belief(fully_booted=False)) as ami,
        linked(ami, phase=Phase.CONNECTING) as owner,
    ):
        await ami.wait_until(lambda: ami.belief.logins == 1)
        await asyncio.sleep(0.05)
        assert owner.ups == 0
        await ami.emit("FullyBooted", {"Status": "Fully Booted"})
        await owner.until_phase(Phase.UP)
        assert owner.log == ["up"]


async def test_given_a_loss_while_booting_when_waiting_then_not_waited_out() -> None:
    async with (
        FakeAmi(Belief(fully_booted=False)) as ami,
        linked(ami, timings=replace(QUICK, booted=60), phase=Phase.CONNECTING) as owner,
    ):
        await ami.wait_until(lambda: ami.belief.logins == 1)
        ami.drop_connections()
        await ami.wait_until(lambda: ami.belief.logins == 2)
        assert (owner.ups, owner.downs) == (0, [])


async def test_given_filters_when_logged_in_then_each_is_sent_and_a_refusal_does_no_harm() -> None:
    filters = [{"Filter": "Event: UserEvent"}, {"Filter": "Event: Hangup[^R]"}]
    async with FakeAmi() as ami:
        ami.on("Filter", lambda _: {"Response": "Error", "Message": "Permission denied"})
        async with linked(ami, filters=filters):
            sent = [(one["Operation"], one["Filter"]) for one in ami.received("Filter")]
            assert sent == [("Add", "Event: UserEvent"), ("Add", "Event: Hangup[^R]")]


async def test_given_a_login_when_sent_then_all_events_are_on() -> None:
    async with FakeAmi() as ami, linked(ami):
        assert ami.received("Login")[0]["Events"] == "on"


async def test_given_on_up_raising_when_syncing_then_dropped_and_tried_again() -> None:
    owner = Owner()

    async def fail_once() -> None:
        if owner.ups == 1:
            raise RuntimeError("no snapshot")

    owner.when_up = fail_once
    async with FakeAmi() as ami, linked(ami, owner=owner):
        assert owner.log == ["up", "down: the snapshot failed: RuntimeError: no snapshot", "up"]
        assert ami.connections == 2


async def test_given_on_up_cancelling_itself_when_syncing_then_run_goes_on() -> None:
    owner = Owner()

    async def cancel_once() -> None:
        if owner.ups == 1:
            raise asyncio.CancelledError

    owner.when_up = cancel_once
    async with FakeAmi() as ami, linked(ami, owner=owner):
        assert owner.downs == ["the snapshot was cancelled"]


async def test_given_a_loss_during_on_up_when_it_hangs_then_it_is_cancelled() -> None:
    owner = Owner()

    async def hang_once() -> None:
        if owner.ups == 1:
            await asyncio.Event().wait()

    owner.when_up = hang_once
    async with FakeAmi() as ami, linked(ami, owner=owner, phase=Phase.SYNCING):
        ami.drop_connections()
        await owner.until_phase(Phase.UP)
        assert owner.log == ["up", "down: Asterisk closed the connection", "up"]


async def test_given_syncing_when_asked_then_the_owner_can_send_and_events_flow() -> None:
    owner = Owner()

    async with FakeAmi() as ami:
        ami.belief.lists["CoreShowChannels"] = [{"Channel": "PJSIP/a-1"}]

        async def snapshot() -> None:
            assert owner.link.state.phase is Phase.SYNCING
            await ami.emit("Hangup")
            channels = await owner.link.collect("CoreShowChannels")
            owner.log.append(channels[0].get("channel"))

        owner.when_up = snapshot
        async with linked(ami, owner=owner):
            assert owner.log == ["up", "Hangup", "PJSIP/a-1"]


async def test_given_any_login_when_logged_then_the_secret_is_nowhere() -> None:
    with capture_logs() as logs:
        async with FakeAmi() as ami:
            async with linked(ami):
                ami.reject_logins = True
                ami.drop_connections()
                await ami.wait_for("Login", 2)
            async with linked(ami, secret="a\r\nsecret", phase=Phase.REJECTED) as owner:
                assert "cannot be sent" in owner.link.state.reason
    assert logs
    assert "secret" not in str(logs).replace("its secret", "").replace(
        "name or secret", ""
    ).replace("header Secret", "")
    assert "s3" not in repr(ServerAddress("h", 1, "u", "s3"))
