"""What becomes of actions when the connection or the answer is lost: told, and never replayed."""

import asyncio
import time

import pytest
from fake_ami import QUICK, FakeAmi, Owner, error, event_list, linked

from callcue.asterisk.address import ServerAddress
from callcue.asterisk.connection import IN_FLIGHT_LIMIT
from callcue.asterisk.errors import ActionRefused, NotConnected, OutcomeUnknown
from callcue.asterisk.link import Link
from callcue.asterisk.status import LinkTimings, Phase

ORIGINATE = {"Channel": "Local/a@b/n", "Async": "true"}


def in_flight(owner: Owner) -> int:
    """Entries left in panoramisk's table."""
    connection = owner.link._connection
    assert connection is not None
    assert connection._protocol is not None
    return len(connection._protocol.responses)


async def test_given_an_action_in_flight_when_link_is_lost_then_unknown_and_never_resent() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        ami.ignore("Originate")
        sending = asyncio.create_task(owner.link.send("Originate", ORIGINATE))
        await ami.wait_for("Originate")
        ami.drop_connections()
        with pytest.raises(OutcomeUnknown, match="Asterisk closed the connection"):
            await sending
        await owner.until(lambda: owner.ups == 2)
        await owner.link.send("Ping")  # answered after whatever a replay would have sent
        assert len(ami.received("Originate")) == 1


async def test_given_half_a_list_when_link_is_lost_then_unknown_at_once() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        whole = event_list("CoreShowChannels", [{"Channel": "a"}, {"Channel": "b"}])
        ami.on("CoreShowChannels", lambda _: whole[:2])
        sending = asyncio.create_task(owner.link.collect("CoreShowChannels", deadline=60))
        await ami.wait_for("CoreShowChannels")
        ami.drop_connections()
        with pytest.raises(OutcomeUnknown):
            await sending
        await owner.until(lambda: owner.ups == 2)
        assert len(ami.received("CoreShowChannels")) == 1


async def test_given_no_link_when_sending_then_not_connected_at_once() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        await ami.stop()
        await owner.until(lambda: owner.link.state.phase is not Phase.UP)
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(NotConnected):
                await owner.link.send("Originate", ORIGINATE)
            with pytest.raises(NotConnected):
                await owner.link.collect("CoreShowChannels")
        assert time.monotonic() - started < 0.1
        await ami.start()
        await owner.until(lambda: owner.ups == 2)
        await owner.link.send("Ping")
        assert ami.received("Originate") == []


async def test_given_a_link_never_started_when_sending_then_not_connected() -> None:
    async def nothing() -> None: ...

    link = Link(
        ServerAddress("127.0.0.1", 1, "u", "s"),
        wanted_events=(),
        on_event=lambda _: None,
        on_up=nothing,
        on_down=lambda _: None,
    )
    with pytest.raises(NotConnected, match="not started"):
        await link.send("Ping")


async def test_given_no_answer_when_deadline_passes_then_unknown_and_nothing_leaks() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        ami.ignore("Redirect")
        sends = [owner.link.send("Redirect", deadline=0.05) for _ in range(50)]
        results = await asyncio.gather(*sends, return_exceptions=True)
        assert {type(result) for result in results} == {OutcomeUnknown}
        assert in_flight(owner) == 0
        assert owner.link.state.phase is Phase.UP


async def test_given_a_late_answer_when_it_comes_then_it_disturbs_nobody() -> None:
    release = asyncio.Event()
    async with FakeAmi() as ami, linked(ami) as owner:

        async def late(_: object) -> dict[str, str]:
            await release.wait()
            return {"Response": "Success", "Message": "late"}

        ami.on("Redirect", late)
        with pytest.raises(OutcomeUnknown):
            await owner.link.send("Redirect", deadline=0.05)
        release.set()
        assert (await owner.link.send("Ping")).get("ping") == "Pong"
        assert owner.events == []


async def test_given_a_cancelled_sender_when_it_leaves_then_nothing_leaks() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        ami.ignore("Redirect")
        sending = asyncio.create_task(owner.link.send("Redirect", deadline=60))
        await ami.wait_for("Redirect")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert in_flight(owner) == 0


async def test_given_a_full_house_when_sending_more_then_not_sent_and_ping_still_goes() -> None:
    timings = LinkTimings(first_retry=0.01, quiet=0.05, patience=2.0)
    async with FakeAmi() as ami, linked(ami, timings=timings) as owner:
        ami.ignore("Redirect")
        waiting = [
            asyncio.create_task(owner.link.send("Redirect", deadline=60))
            for _ in range(IN_FLIGHT_LIMIT)
        ]
        await ami.wait_for("Redirect", IN_FLIGHT_LIMIT)
        with pytest.raises(NotConnected, match="too many actions"):
            await owner.link.send("Redirect", deadline=0.05)
        await ami.wait_for("Ping")
        assert len(ami.received("Redirect")) == IN_FLIGHT_LIMIT
        ami.drop_connections()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(result) for result in results} == {OutcomeUnknown}


async def test_given_an_error_reply_when_sending_then_refused_with_asterisks_words() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        ami.on("Hangup", lambda _: error("No such channel"))
        with pytest.raises(ActionRefused, match="Hangup: No such channel") as refusal:
            await owner.link.send("Hangup", {"Channel": "x"})
        assert (refusal.value.action, refusal.value.message) == ("Hangup", "No such channel")


async def test_given_a_frozen_peer_when_silent_then_keepalive_finds_it() -> None:
    timings = LinkTimings(first_retry=0.01, quiet=0.1, patience=0.1)
    async with FakeAmi() as ami, linked(ami, timings=timings) as owner:
        ami.freeze()
        await owner.until(lambda: owner.downs)
        assert owner.downs == ["Asterisk was silent for 0.2 s"]
        ami.thaw()
        await owner.until(lambda: owner.ups == 2)


def test_given_default_timings_when_summed_then_half_open_is_found_in_ten_seconds() -> None:
    assert LinkTimings().quiet + LinkTimings().patience <= 10


async def test_given_a_quiet_but_living_peer_when_pinged_then_link_stays_up() -> None:
    timings = LinkTimings(quiet=0.02, patience=2.0)
    async with FakeAmi() as ami, linked(ami, timings=timings) as owner:
        await ami.wait_for("Ping", 5)
        assert (owner.link.state.phase, owner.downs) == (Phase.UP, [])


async def test_given_unanswered_pings_when_events_flow_then_link_stays_up() -> None:
    timings = LinkTimings(quiet=0.01, patience=0.3)
    async with FakeAmi() as ami, linked(ami, timings=timings) as owner:

        async def make_noise_instead(_: object) -> None:
            await ami.emit("Noise")

        ami.on("Ping", make_noise_instead)
        await ami.wait_for("Ping", 3)  # the second and third are only sent by a living link
        assert (owner.ups, owner.downs) == (1, [])


async def test_given_a_restart_when_asterisk_is_back_then_down_and_up_once_each() -> None:
    async with FakeAmi() as ami, linked(ami, timings=QUICK) as owner:
        await ami.stop()
        await owner.until(lambda: owner.downs)
        await ami.start()
        await owner.until(lambda: owner.ups == 2)
        await owner.until_phase(Phase.UP)
        assert owner.log == ["up", "down: Asterisk closed the connection", "up"]


async def test_given_a_shutdown_event_when_received_then_down_with_that_reason() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        await ami.emit("Shutdown", {"Shutdown": "Cleanly", "Restart": "True"})
        await owner.until(lambda: owner.downs)
        assert owner.downs == ["Asterisk is shutting down"]
