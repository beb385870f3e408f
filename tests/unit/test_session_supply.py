"""A list whose clips come one by one: it begins with the first, and the rest is handed over."""

import asyncio

import pytest
from stateful.stage import Stage, play, position, staged

from callcue.core.commands import Stop
from callcue.core.errors import AsteriskUnavailable, ClipFailed
from callcue.core.limits import Limits
from callcue.core.playback import Playback
from callcue.core.states import Event, State
from callcue.core.types import EndReason, Missing

SKIPPING = Limits(start=60, confirm=60, missing=Missing.SKIPPED)


def slow(stage: Stage, *names: str) -> None:
    for name in names:
        stage.media.slow[name] = asyncio.Event()


async def playing(stage: Stage, *media: str) -> Playback:
    playback = await stage.perform(play(*media))
    await stage.until(lambda: stage.player.sent[-1:] == [f"start {media[0]}"])
    stage.is_heard()
    await playback.audible()
    return playback


async def test_given_clips_that_are_there_when_started_then_the_leg_has_them_all() -> None:
    async with staged() as stage:
        playback = await playing(stage, "a", "b", "a")
        assert playback.clips == ["a", "b", "a"]
        await stage.quiet()
        assert stage.player.sent == ["start a"]


async def test_given_slow_items_when_the_first_is_there_then_it_begins_and_each_follows() -> None:
    async with staged() as stage:
        slow(stage, "b", "c")
        playback = await playing(stage, "a", "b", "c", "b")
        assert playback.clips == ["a", None, None, None]
        stage.media.slow["c"].set()
        await stage.until(lambda: stage.player.sent[1:] == ["supply 2 c"])
        stage.media.slow["b"].set()
        await stage.until(lambda: stage.player.sent[2:] == ["supply 1 b", "supply 3 b"])
        assert playback.clips == ["a", "b", "c", "b"]


async def test_given_a_slow_first_item_when_it_comes_then_what_came_before_it_is_there() -> None:
    async with staged() as stage:
        slow(stage, "a")
        playback = await stage.perform(play("a", "b"))
        await stage.quiet()
        assert stage.state is State.PREPARING
        stage.media.slow["a"].set()
        await stage.until(lambda: stage.player.sent == ["start a"])
        assert playback.clips == ["a", "b"]


async def test_given_an_item_that_fails_then_the_leg_ends_there_and_the_end_says_why() -> None:
    async with staged() as stage:
        slow(stage, "b")
        playback = await playing(stage, "a", "b", "c")
        stage.media.failing["b"] = "too large"
        stage.media.slow["b"].set()
        await stage.until(lambda: stage.player.sent[1:] == [f"supply 1 {Missing.ENDS}"])
        stage.streams(item=2)
        stage.tell(Event.CLIP_FAILED, detail="item 2: Asterisk cannot play that sound")
        stage.is_gone()
        await playback.gone()
        assert (playback.reason, playback.detail) == (EndReason.FAILED, "item 2: too large")
        assert stage.told.heard == ["accepted", "started", "item_started", "failed"]
        # It was never there: nothing of what is known of the others is in doubt.
        assert stage.media.forgotten == []


async def test_given_an_item_that_fails_when_it_is_skipped_then_the_end_names_it() -> None:
    async with staged(SKIPPING) as stage:
        slow(stage, "c")
        stage.media.failing = {"b": "not audio", "c": "timed out"}
        playback = await playing(stage, "a", "b", "c", "d")
        assert playback.clips == ["a", Missing.SKIPPED, None, "d"]
        stage.media.slow["c"].set()
        await stage.until(lambda: stage.player.sent[1:] == [f"supply 2 {Missing.SKIPPED}"])
        stage.tell(Event.LIST_ENDED)
        stage.is_gone()
        await playback.gone()
        assert playback.reason is EndReason.FINISHED
        assert playback.detail == "item 2: not audio; item 3: timed out"


async def test_given_the_first_item_fails_then_skipped_or_not_started_by_the_setting() -> None:
    async with staged() as stage:
        stage.media.failing["a"] = "not audio"
        playback = await stage.perform(play("a", "b"))
        with pytest.raises(ClipFailed) as failed:
            await playback.audible()
        assert (failed.value.index, failed.value.why) == (0, "not audio")
        assert stage.player.sent == []
    async with staged(SKIPPING) as stage:
        stage.media.failing["a"] = "not audio"
        playback = await stage.perform(play("a", "b"))
        await stage.until(lambda: stage.player.sent == ["start a"])
        assert playback.clips == [Missing.SKIPPED, "b"]


async def test_given_no_item_that_can_be_had_when_they_are_skipped_then_not_started() -> None:
    async with staged(SKIPPING) as stage:
        stage.media.failing = {"a": "not audio", "b": "too long"}
        playback = await stage.perform(play("a", "b"))
        with pytest.raises(ClipFailed) as failed:
            await playback.audible()
        assert (failed.value.index, failed.value.why) == (1, "too long")
        assert stage.player.sent == []


async def test_given_a_stop_while_items_come_then_nobody_waits_for_them_any_more() -> None:
    async with staged() as stage:
        slow(stage, "b")
        playback = await playing(stage, "a", "b")
        asking = stage.ask(Stop())
        await stage.until(lambda: stage.state is State.STOPPING)
        stage.is_gone()
        await asking
        assert playback.reason is EndReason.STOPPED
        # The curtain looks whether a task is left.


async def test_given_a_stop_while_the_first_item_comes_then_nothing_is_heard() -> None:
    async with staged() as stage:
        slow(stage, "a")
        playback = await stage.perform(play("a"))
        await stage.perform(Stop())
        assert (playback.reason, stage.player.sent) == (EndReason.STOPPED, [])


async def test_given_a_lost_link_when_it_is_back_then_the_leg_is_handed_them_again() -> None:
    async with staged() as stage:
        slow(stage, "b", "c")
        await playing(stage, "a", "b", "c")
        stage.tell(Event.LINK_LOST)
        stage.player.faults["supply"] = AsteriskUnavailable("no link")
        stage.media.slow["b"].set()
        await stage.until(lambda: stage.player.sent[1:] == ["supply 1 b"])
        stage.tell(Event.FOUND_PLAYING, at=position(item=2))
        await stage.until(lambda: stage.player.sent[2:] == ["supply 1 b"])
        stage.media.slow["c"].set()
        await stage.until(lambda: "supply 2 c" in stage.player.sent)


async def test_given_the_leg_waits_for_a_clip_then_it_plays_and_stands_still() -> None:
    async with staged() as stage:
        slow(stage, "b")
        playback = await playing(stage, "a", "b")
        stage.tell(Event.WAITING, 1, position(item=2))
        assert stage.state is State.PLAYING
        assert playback.position() == position(item=2)
        assert playback.position(lambda: 1e9) == position(item=2)


async def test_given_two_names_for_one_clip_when_it_ends_then_both_let_go_of_it() -> None:
    async with staged() as stage:
        stage.media.alike["b"] = "a"
        slow(stage, "c")
        stage.media.alike["c"] = "a"
        playback = await playing(stage, "a", "b", "a", "c")
        assert stage.media.held == ["a", "a"]
        stage.media.slow["c"].set()
        await stage.until(lambda: stage.player.sent[1:] == ["supply 3 a"])
        assert stage.media.held == ["a", "a", "a"]
        stage.tell(Event.LIST_ENDED)
        stage.is_gone()
        await playback.gone()
        assert stage.media.held == []
