"""What the link counts, on a fake manager that makes it happen."""

import asyncio
from dataclasses import replace

from fake_ami import QUICK, FakeAmi, linked, say

from callcue.asterisk.inbox import QUEUE_LIMIT
from callcue.asterisk.status import Phase


async def test_given_wanted_and_other_events_then_taken_and_ignored() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        before = owner.link.figures.counts
        for _ in range(3):
            await ami.emit("RTCPSent")
        await ami.emit("Hangup")
        await owner.until(lambda: owner.events)
        counts = owner.link.figures.counts
        assert (counts.taken - before.taken, counts.ignored - before.ignored) == (1, 3)


async def test_given_a_lost_link_when_back_then_up_twice_and_what_was_counted_stays() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        await ami.emit("Hangup")
        await owner.until(lambda: owner.events)
        ami.drop_connections()
        await owner.until(lambda: owner.ups == 2)
        await owner.until_phase(Phase.UP)
        figures = owner.link.figures
        assert (figures.phase, figures.counts.ups, figures.counts.taken) == ("up", 2, 1)
        assert 0 <= figures.seconds < 60


async def test_given_refused_logins_then_each_is_counted() -> None:
    timings = replace(QUICK, rejected_retry=0.01)
    async with FakeAmi() as ami:
        ami.reject_logins = True
        async with linked(ami, timings=timings, phase=Phase.REJECTED) as owner:
            await owner.until(lambda: owner.link.figures.counts.rejections >= 2)
            assert owner.link.figures.counts.ups == 0


async def test_given_too_many_events_then_an_overflow_and_those_that_were_lost() -> None:
    async with FakeAmi() as ami, linked(ami) as owner:
        await ami.speak_rudely(say({"Event": "Hangup"}) * 20 * QUEUE_LIMIT)
        await owner.until(lambda: owner.ups == 2)
        counts = owner.link.figures.counts
        assert counts.overflows == 1
        assert counts.lost > QUEUE_LIMIT
        assert counts.taken == counts.lost + len(owner.events)


async def test_given_an_action_without_an_answer_yet_then_it_is_in_flight() -> None:
    async with FakeAmi() as ami:
        ami.ignore("CoreStatus")
        async with linked(ami) as owner:
            sending = owner.link.send("CoreStatus", deadline=0.2)
            task = asyncio.create_task(sending)
            await ami.wait_for("CoreStatus")
            assert owner.link.figures.in_flight == 1
            await asyncio.gather(task, return_exceptions=True)
            assert (owner.link.figures.in_flight, owner.link.figures.queued) == (0, 0)
