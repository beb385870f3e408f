"""The sounds of Asterisk: what is remembered, what is asked anew, and how Asterisk is asked."""

import asyncio
from collections.abc import Sequence

import pytest
from fake_ami.speech import ReceivedAction
from hypothesis import given, settings
from hypothesis import strategies as st
from stateful.fake_world import fake_world

from callcue.asterisk import probe
from callcue.core.errors import AsteriskUnavailable, ClipNotFound
from callcue.media import sounds
from callcue.media.sounds import REMEMBER_FOUND, REMEMBER_MISSING, AsteriskSounds


class Shelf:
    """An Asterisk with these sounds, and a clock."""

    def __init__(self, *there: str) -> None:
        self.there = set(there)
        self.asked: list[list[str]] = []
        self.now = 1000.0
        self.away = False
        self.sounds = AsteriskSounds(self.missing, clock=lambda: self.now)

    async def missing(self, names: Sequence[str]) -> set[str]:
        self.asked.append(list(names))
        if self.away:
            raise AsteriskUnavailable("away")
        return set(names) - self.there


async def test_given_sounds_that_are_there_when_prepared_then_their_names() -> None:
    shelf = Shelf("a", "b")
    await shelf.sounds.check(["a", "b", "a"])
    assert [await shelf.sounds.prepare(name) for name in "aba"] == ["a", "b", "a"]
    assert shelf.asked == [["a", "b"]]


async def test_given_a_found_sound_when_checked_again_then_asked_only_after_its_time() -> None:
    shelf = Shelf("a")
    await shelf.sounds.check(["a"])
    shelf.now += REMEMBER_FOUND - 1
    await shelf.sounds.check(["a"])
    assert len(shelf.asked) == 1
    shelf.now += 1
    await shelf.sounds.check(["a"])
    assert len(shelf.asked) == 2


async def test_given_a_missing_sound_when_it_appears_then_found_a_moment_later() -> None:
    shelf = Shelf("a")
    with pytest.raises(ClipNotFound) as refusal:
        await shelf.sounds.check(["a", "b"])
    assert (refusal.value.index, refusal.value.media) == (1, "b")
    shelf.there.add("b")
    with pytest.raises(ClipNotFound):
        await shelf.sounds.check(["b"])
    assert shelf.asked == [["a", "b"]]
    shelf.now += REMEMBER_MISSING
    await shelf.sounds.check(["a", "b"])
    assert shelf.asked == [["a", "b"], ["b"]]


async def test_given_a_sound_that_was_forgotten_when_checked_then_asked_anew() -> None:
    shelf = Shelf("a", "b")
    await shelf.sounds.check(["a", "b"])
    shelf.sounds.forget(["a", "never known"])
    shelf.there.clear()
    with pytest.raises(ClipNotFound):
        await shelf.sounds.check(["a", "b"])
    assert shelf.asked == [["a", "b"], ["a"]]


async def test_given_asterisk_is_away_when_checked_then_unavailable_and_nothing_is_learned() -> (
    None
):
    shelf = Shelf("a")
    shelf.away = True
    with pytest.raises(AsteriskUnavailable):
        await shelf.sounds.check(["a"])
    shelf.away = False
    await shelf.sounds.check(["a"])


async def test_given_more_names_than_are_remembered_when_checked_then_the_oldest_is_asked_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sounds, "REMEMBERED", 3)
    shelf = Shelf(*"abcd")
    for name in "abcd":
        await shelf.sounds.check([name])
    await shelf.sounds.check(["d"])
    await shelf.sounds.check(["a"])
    assert shelf.asked == [["a"], ["b"], ["c"], ["d"], ["a"]]


@settings(derandomize=True, database=None)
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8), st.sets(st.sampled_from("ace")))
def test_given_any_list_when_checked_then_the_first_missing_one_is_named(
    media: list[str], there: set[str]
) -> None:
    shelf = Shelf(*there)
    wanted = next((i for i, name in enumerate(media) if name not in there), None)
    for _ in range(2):  # asked, and remembered
        assert asyncio.run(first_missing(shelf, media)) == wanted


async def first_missing(shelf: Shelf, media: list[str]) -> int | None:
    try:
        await shelf.sounds.check(media)
    except ClipNotFound as refusal:
        return refusal.index if refusal.media == media[refusal.index] else -1
    return None


# ---- how Asterisk is asked -----------------------------------------------------------------------


async def test_given_twelve_sounds_when_asked_then_three_probes_and_the_missing_ones() -> None:
    async with fake_world() as world:
        names = ["greeting", *(f"none{n}" for n in range(10)), "offer"]
        before = world.pbx.probes
        missing = await world.server._probe.missing(names)
        assert missing == set(names[1:-1])
        assert world.pbx.probes - before == 3
        assert world.server._probe._asked == {}


async def test_given_no_sounds_when_asked_then_nothing_is_sent() -> None:
    async with fake_world() as world:
        before = world.pbx.probes
        assert await world.server._probe.missing([]) == set()
        assert world.pbx.probes == before


async def test_given_a_probe_that_fails_when_asked_then_unavailable() -> None:
    async with fake_world() as world:

        def fail(action: ReceivedAction) -> list[dict[str, str]]:
            event = {"Event": "OriginateResponse", "Response": "Failure"}
            return [{"Response": "Success"}, {**event, "Uniqueid": action["ChannelId"]}]

        world.pbx.ami.on("Originate", fail)
        with pytest.raises(AsteriskUnavailable, match="could not start the probe"):
            await world.server.sounds.check(["greeting"])


async def test_given_a_refusal_or_silence_when_asked_then_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe, "DEADLINE", 0.05)
    async with fake_world() as world:
        world.pbx.ami.on("Originate", lambda _: {"Response": "Error", "Message": "no"})
        with pytest.raises(AsteriskUnavailable, match="no"):
            await world.server.sounds.check(["greeting"])
        world.pbx.ami.on("Originate", lambda _: {"Response": "Success"})
        with pytest.raises(AsteriskUnavailable, match="did not say"):
            await world.server.sounds.check(["greeting"])
        assert world.server._probe._asked == {}
