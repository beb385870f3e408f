"""The queue of a session: who waits, who is next, and who is sent away."""

import pytest
from stateful.stage import Stage, override, queued, staged

from callcue.core.commands import Stop
from callcue.core.errors import NotStarted, QueueFull
from callcue.core.playback import Playback
from callcue.core.states import Event, State
from callcue.core.types import EndReason

WAITING = "it was still waiting in the queue"


async def playing_with_queue(stage: Stage, *media: str) -> None:
    await stage.bring_to(State.PLAYING)
    for name in media:
        await stage.perform(queued(name))


async def test_given_idle_when_queued_then_it_starts_at_once() -> None:
    async with staged() as stage:
        await stage.perform(queued("a"))
        await stage.until(lambda: stage.player.sent == ["start a"])


@pytest.mark.parametrize(
    "state", [State.PREPARING, State.STARTING, State.PLAYING, State.PAUSED, State.STOPPING]
)
async def test_given_sixteen_that_wait_when_one_more_comes_then_queue_full(state: State) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        for number in range(16):
            await stage.perform(queued(str(number)))
        with pytest.raises(QueueFull):
            await stage.perform(queued("one more"))
        assert [one.request.media[0] for one in stage.session.queue] == list(map(str, range(16)))
        assert len(stage.ledger.accepted_ones) == 17


@pytest.mark.parametrize("end", [Event.LIST_ENDED, Event.CLIP_FAILED, Event.TIME_LIMIT, None])
async def test_given_a_queue_when_the_first_ends_by_itself_or_fails_then_the_next_starts(
    end: Event | None,
) -> None:
    async with staged() as stage:
        await playing_with_queue(stage, "b", "c")
        for name in ("b", "c"):
            if end is not None:
                stage.tell(end, 1)
            assert f"start {name}" not in stage.player.sent
            stage.is_gone()
            await stage.until(lambda: stage.player.sent[-1] == f"start {name}")  # noqa: B023
            stage.is_heard()
        assert len(stage.session.queue) == 0


async def test_given_a_queue_then_the_next_is_on_record_as_begun_before_its_leg_is_sent() -> None:
    """Killed in between, the next service would else send another one."""
    async with staged() as stage:
        await playing_with_queue(stage, "b")
        asked_for: list[tuple[str, bool, list[str]]] = []

        async def kept(playback: Playback) -> bool:
            sent = [one for one in stage.player.sent if one == "start b"]
            asked_for.append((playback.request.media[0], playback.begun, sent))
            return True

        stage.ledger.kept = kept  # type: ignore[method-assign]
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start b")
        assert asked_for == [("b", True, [])]


async def test_given_a_queue_when_the_next_cannot_start_then_the_one_behind_it_does() -> None:
    async with staged() as stage:
        await playing_with_queue(stage, "b", "c")
        stage.player.faults["start"] = NotStarted("no answer")
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-2:] == ["start b", "stop b"])
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start c")
        assert stage.ledger.ends[-1] == ("b", EndReason.FAILED)


async def test_given_a_queue_when_stopped_then_all_that_wait_end_stopped() -> None:
    async with staged() as stage:
        await playing_with_queue(stage, "b", "c")
        stopping = stage.ask(Stop())
        await stage.quiet()
        stage.is_gone()
        await stopping
        await stage.quiet()
        assert stage.state is State.IDLE
        assert stage.ledger.ends == [
            ("b", EndReason.STOPPED),
            ("c", EndReason.STOPPED),
            ("greeting", EndReason.STOPPED),
        ]
        assert [one.detail for one in stage.ledger.ended_ones] == [WAITING, WAITING, ""]


async def test_given_a_queue_when_stopped_with_keep_queue_then_the_next_starts() -> None:
    async with staged() as stage:
        await playing_with_queue(stage, "b", "c")
        stopping = stage.ask(Stop(keep_queue=True))
        await stage.quiet()
        stage.is_gone()
        assert (await stopping).request.media == ("greeting",)
        await stage.until(lambda: stage.player.sent[-1] == "start b")
        assert [one.request.media[0] for one in stage.session.queue] == ["c"]


async def test_given_preparing_and_a_queue_when_stopped_with_keep_queue_then_the_next_starts() -> (
    None
):
    async with staged() as stage:
        await stage.bring_to(State.PREPARING)
        await stage.perform(queued("b"))
        await stage.perform(Stop(keep_queue=True))
        stage.media.prepared.set()
        await stage.until(lambda: stage.player.sent == ["start b"])


async def test_given_a_queue_when_overridden_then_all_that_wait_end_replaced() -> None:
    async with staged() as stage:
        await playing_with_queue(stage, "b", "c")
        await stage.perform(override("new"))
        assert stage.ledger.ends == [("b", EndReason.REPLACED), ("c", EndReason.REPLACED)]
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start new")


async def test_given_one_queued_behind_an_override_when_it_ends_then_it_starts() -> None:
    async with staged() as stage:
        await playing_with_queue(stage)
        await stage.perform(override("new"))
        await stage.perform(queued("later"))
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start new")
        stage.is_heard()
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start later")


async def test_given_a_queue_when_all_hang_up_then_all_that_wait_end_hung_up() -> None:
    async with staged() as stage:
        await playing_with_queue(stage, "b", "c")
        stage.tell(Event.PARTY_LEFT)
        assert stage.ledger.ends == [("b", EndReason.HUNG_UP), ("c", EndReason.HUNG_UP)]
        stage.is_gone()
        await stage.quiet()
        assert stage.state is State.IDLE


async def test_given_one_that_waited_when_sent_away_then_its_asker_learns_why() -> None:
    async with staged() as stage:
        await playing_with_queue(stage)
        waiting = await stage.perform(queued("b"))
        _ = stage.ask(Stop())
        with pytest.raises(NotStarted, match=WAITING):
            await waiting.audible()
