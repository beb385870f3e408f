"""Whatever an Asterisk says: nothing raises, and the next good word is heard or the link is new."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
from fake_ami import fake
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stateful.everywhere import SAME_EVERYWHERE
from stateful.fake_world import ROOM, FakeWorld, fake_world
from stateful.stage import play
from structlog.testing import capture_logs

from callcue.asterisk import directory, legs, probe
from callcue.asterisk.framing import BUFFER_LIMIT
from callcue.asterisk.pending import Pending
from callcue.asterisk.protocol import LinkProtocol
from callcue.core.commands import Pause, Resume
from callcue.core.errors import CallcueError

GREETING = b"Asterisk Call Manager/9.0.0\r\n"
GOOD = b"\r\n\r\nEvent: Hangup\r\nUniqueid: the-good-one\r\n\r\n"
OURS = "callcue-fuzz-1"
EVENTS = sorted(directory.EVENTS | legs.EVENTS | probe.EVENTS)

NAMES = st.sampled_from(
    [
        "Event",
        "EVENT",
        "Response",
        "ActionID",
        "Message",
        "EventList",
        "Uniqueid",
        "Channel",
        "Variable",
        "Value",
        "UserEvent",
        "Conference",
        "BridgeUniqueid",
        "Newname",
        "Context",
        "Playback",
        "State",
        "Number",
        "Item",
        "Round",
        "Offset",
        "Clock",
        "Left",
        "Status",
        "Result",
        "Able",
        "Found",
        "Reason",
        "Exten",
    ]
)
WORDS = st.sampled_from(
    f"""Success Error start Complete {OURS} CALLCUE_AGENT CALLCUE_CALL_ID CallcueLeg CallcueJoin
    CallcueSound playing paused waiting ended finished -1 0 1 2 99999 1e999 PJSIP/alice-00000001
    callcue-00000000-0000-4000-8000-000000000001 8600051""".split()
) | st.sampled_from([*EVENTS, "", "\ud800", "9" * 500])
VALUES = (
    WORDS | st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)
).map(lambda text: text.encode("utf-8", "replace"))
LINES = st.tuples(NAMES, VALUES).map(lambda pair: pair[0].encode() + b": " + pair[1])
BLOCKS = st.lists(LINES | st.binary(max_size=40), max_size=12).map(
    lambda lines: b"\r\n".join([*lines, b"", b""])
)
STREAMS = st.lists(BLOCKS | st.binary(max_size=300), max_size=8).map(b"".join)


PLACES = st.integers(0, 3000)
WRONG = st.binary(max_size=20) | st.sampled_from([b"\r\n", b"\r\n\r\n", b"Event: ", b": "])
NEW_VALUES = st.lists(st.tuples(PLACES, VALUES), min_size=1, max_size=12)
NEW_LETTERS = st.lists(st.tuples(PLACES, st.integers(0, 40), WRONG), max_size=3)


class Deaf:
    """A transport that goes nowhere."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def get_extra_info(self, _: str) -> Any:
        return self

    def setsockopt(self, *_: int) -> None:
        """It has none."""


class Ears:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.cuts: list[str] = []
        self.answers: list[Pending] = []

    def event_received(self, event: Any) -> None:
        self.heard.append(event.get("Uniqueid"))

    def answer_received(self, pending: Pending) -> None:
        self.answers.append(pending)

    def message_refused(self) -> None:
        """The cut follows."""

    def link_cut(self, reason: str) -> None:
        self.cuts.append(reason)

    def socket_closed(self) -> None:
        """It never was open."""


def _chunks(stream: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    yield from (stream[a:b] for a, b in pairwise(places))


@settings(SAME_EVERYWHERE, max_examples=300)
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 3000), max_size=12), greets=st.booleans())
@example(stream=b"Event: Hangup\r\n" * 2000, cuts=[], greets=True)
@example(stream=b"x" * (BUFFER_LIMIT + 10), cuts=[5, 500], greets=True)
def test_given_any_bytes_split_anywhere_then_the_good_event_is_heard_or_it_is_cut_with_a_reason(
    stream: bytes, cuts: list[int], greets: bool
) -> None:
    ears, wire = Ears(), Deaf()

    async def listen() -> LinkProtocol:
        protocol = LinkProtocol(EVENTS, ears)
        protocol.connection_made(wire)  # type: ignore[arg-type]
        pending = Pending({"Action": "Status", "ActionID": OURS}, wants_list=True)
        protocol.responses[OURS] = pending
        for chunk in _chunks((GREETING if greets else b"") + stream, cuts):
            protocol.data_received(chunk)
        protocol.data_received(GOOD)
        return protocol

    with capture_logs() as logs:
        protocol = asyncio.run(listen())
    assert not logs
    if protocol.closed:
        assert len(ears.cuts) == 1
        assert ears.cuts[0]
        assert wire.aborted
    else:
        assert "the-good-one" in ears.heard
    assert len(protocol._framer._buffer) <= BUFFER_LIMIT + 3000


@settings(SAME_EVERYWHERE, max_examples=40)
@given(blocks=st.lists(st.tuples(st.sampled_from(EVENTS), BLOCKS), min_size=5, max_size=40))
def test_given_any_headers_of_events_we_want_then_nothing_raises_and_verbs_go_on(
    blocks: list[tuple[str, bytes]],
) -> None:
    async def listen() -> None:
        async with fake_world() as world:
            await _play(world)
            said = b"".join(f"Event: {name}\r\n".encode() + block for name, block in blocks)
            await world.pbx.ami.speak_rudely(said)
            await world.server._link.send("Ping")  # all before it has been looked at
            await world.until_ready()
            await _no_harm(world)

    with capture_logs() as logs:
        asyncio.run(listen())
    assert not [line for line in logs if "exception" in line or line["log_level"] == "error"], logs


@settings(SAME_EVERYWHERE, max_examples=60)
@given(values=NEW_VALUES, letters=NEW_LETTERS, cuts=st.lists(PLACES, max_size=5))
def test_given_its_own_words_mutated_then_the_link_stands_or_comes_back(
    values: list[tuple[int, bytes]], letters: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    async def listen() -> None:
        said: list[bytes] = []
        async with fake_world() as world:
            with _noting(said):
                await _play(world)
                await world.controller.perform(ROOM, Pause())
                await world.controller.perform(ROOM, Resume())
            mutated = _mutated(b"".join(said), values, letters)
            for chunk in _chunks(mutated, cuts):
                await world.pbx.ami.speak_rudely(chunk)
            await world.pbx.ami.speak_rudely(b"\r\n\r\n")
            await world.until_ready()
            await _no_harm(world)

    with capture_logs() as logs:
        asyncio.run(listen())
    assert not [line for line in logs if "exception" in line or line["log_level"] == "error"], logs


def _mutated(
    conversation: bytes, values: list[tuple[int, bytes]], letters: list[tuple[int, int, bytes]]
) -> bytes:
    """Some values of it are others, and some letters are wrong."""
    lines = conversation.split(b"\r\n")
    for place, value in values:
        at = place % len(lines)
        name, colon, _ = lines[at].partition(b": ")
        lines[at] = name + colon + value
    mutated = bytearray(b"\r\n".join(lines))
    for place, length, wrong in letters:
        at = place % len(mutated)
        mutated[at : at + length] = wrong
    return bytes(mutated)


@contextmanager
def _noting(said: list[bytes]) -> Iterator[None]:
    """All that a fake Asterisk says."""
    write = fake._Session.write

    async def noted(session: Any, data: bytes) -> None:
        said.append(data)
        await write(session, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake._Session, "write", noted)
        yield


async def _play(world: FakeWorld) -> None:
    playback = await world.controller.perform(ROOM, play("greeting"))
    await playback.audible()


async def _no_harm(world: FakeWorld) -> None:
    """What was said may have ended or moved that playback; whatever it is, commands get an answer.

    A lie that is well formed is believed. What may not be is a fault, or a wait without end.
    """
    for command in (Pause(), Resume()):
        with suppress(CallcueError):
            async with asyncio.timeout(5):
                await world.controller.perform(ROOM, command)
