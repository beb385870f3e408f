"""The bench's own arithmetic: percentiles, what is heard when, verdicts, tables."""

import asyncio
from typing import Any

import numpy as np
import pytest
from bench import effects, report
from bench.stats import median, percentile, summary
from bench.targets import ARI, BIRD, RAW, SCREEN, verdicts
from bench.wire import Wire, request
from ears import clips
from ears.ear import Frame
from numpy.typing import NDArray

FRAME = clips.RATE // 50


def frames(samples: NDArray[np.int16]) -> list[Frame]:
    """One every 20 ms from moment 0 on."""
    count = len(samples) // FRAME
    return [Frame(n * 0.02, samples[n * FRAME : (n + 1) * FRAME]) for n in range(count)]


SILENCE = np.zeros(FRAME, dtype=np.int16)
SWEEP = clips.sweep(10)


@pytest.mark.parametrize(
    ("share", "value"), [(0, 1), (0.25, 2), (0.5, 3), (0.75, 4), (0.95, 4.8), (1, 5)]
)
def test_given_samples_then_a_percentile_lies_between_its_neighbours(
    share: float, value: float
) -> None:
    assert percentile([5, 1, 4, 2, 3], share) == pytest.approx(value)


def test_given_samples_then_the_summary_has_their_tail_and_spread() -> None:
    found = summary([float(n) for n in range(101)])
    assert (found.count, found.median, found.p95, found.p99) == (101, 50, 95, 99)
    assert (found.low, found.high) == (25, 75)


def test_given_one_sample_then_it_is_every_percentile_and_none_is_an_error() -> None:
    assert median([7.0]) == percentile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


def test_given_a_lost_frame_then_it_is_no_silence_but_three_are_from_the_first_on() -> None:
    loud = SWEEP[:FRAME]
    heard = frames(np.concatenate([loud, SILENCE, loud, *[SILENCE] * 3]))
    found = effects.silence(heard)
    assert found is not None
    assert found.at == pytest.approx(3 * 0.02)
    assert effects.silence(heard[:5]) is None


def test_given_a_jump_then_the_first_frame_of_the_right_place_is_found() -> None:
    at_six = 6 * clips.RATE
    heard = frames(np.concatenate([SWEEP[: 3 * FRAME], SWEEP[at_six : at_six + 3 * FRAME]]))
    found = effects.place(6.0)(heard)
    assert found is not None
    assert found.at == pytest.approx(3 * 0.02)
    assert effects.place(8.0)(heard) is None


def test_given_less_loudness_then_it_is_heard_as_quieter_and_silence_is_not() -> None:
    loud = SWEEP[:FRAME]
    heard = frames(np.concatenate([loud, SILENCE, loud // 4]))
    found = effects.quieter(heard[0])(heard)
    assert found is not None
    assert found.at == pytest.approx(2 * 0.02)


def verbs(played: float, answered: float) -> dict[str, dict[str, list[float]]]:
    return {
        verb: {"heard": [played], "answered": [answered]}
        for verb in ("play", "pause", "resume", "restart", "stop")
    }


def a_run(ours: float = 18.0, answered: float = 1.8, cpu: float = 1.0) -> dict[str, Any]:
    return {
        "verbs": {
            "1": {
                "verbs": {
                    RAW: verbs(15.0, 1.0),
                    ARI: verbs(20.0, 0.5),
                    SCREEN: verbs(ours, answered),
                    BIRD: verbs(ours, answered),
                }
            }
        },
        "throughput": {
            "turns": {
                RAW: {"per_second": [1000.0, 500.0]},
                SCREEN: {"per_second": [450.0, 250.0]},
                BIRD: {"per_second": [350.0, 150.0]},
            }
        },
        "memory": {"live_bytes": 9000.0, "ended_bytes": 6000.0},
        "known_calls": {"costs": {BIRD: {"10": {"cpu_ms": [1.0]}, "2000": {"cpu_ms": [cpu]}}}},
    }


def test_given_a_run_then_every_target_has_its_verdict() -> None:
    found = [(verdict.found, verdict.reached) for verdict in verdicts(a_run())]
    assert found == [
        ("+3.0 ms", True),
        ("-2.0 ms", True),
        ("1.8 times", True),
        ("48%", True),
        ("32%", False),
        ("8.8 KiB", True),
        ("1.00 times", True),
    ]


def test_given_a_slow_run_then_the_verdicts_are_no() -> None:
    found = verdicts(a_run(ours=21.0, answered=2.5, cpu=1.2))
    too_slow = [False] * (1 + 2 * 4)  # in the middle, and each verb of each dialect
    assert [verdict.reached for verdict in found] == [
        *(False, False),
        *too_slow,
        *(True, False, True, False),
    ]


def test_given_a_document_then_only_what_is_between_the_markers_changes() -> None:
    text = "# A\n<!-- bench: one -->\nold\n<!-- end -->\nkept\n<!-- bench: two -->\n<!-- end -->\n"
    found = report.replace(text, "one", "new")
    assert found == text.replace("old", "new")
    assert report.replace(found, "one", "new") == found
    with pytest.raises(ValueError, match="no place for three"):
        report.replace(text, "three", "new")


def test_given_a_run_then_the_table_of_targets_says_yes_and_no() -> None:
    table = "\n".join(report.TABLES["targets"](a_run()))
    assert "| PLAY to ear within 5 ms of raw AMI, 1 live | +3.0 ms | yes |" in table
    assert "| 40% of raw AMI's commands a second (callcue, JSON) | 32% | **no** |" in table


def test_given_a_request_then_its_bytes_are_http() -> None:
    asked = request("POST", "/x", {"A": "b"}, b"{}")
    head, _, body = asked.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /x HTTP/1.1"
    assert b"Content-Length: 2" in head
    assert body == b"{}"


async def test_given_an_answer_in_pieces_then_it_is_whole_when_its_length_is_there() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            for piece in (
                b"HTTP/1.1 202 Acc",
                b"epted\r\nContent-Len",
                b"gth: 5\r\n\r\nhe",
                b"llo",
            ):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire = await Wire.open("127.0.0.1", server.sockets[0].getsockname()[1])
    for _ in range(2):
        answer = await wire.ask(request("GET", "/"))
        assert (answer.status, answer.body) == (202, b"hello")
    wire.close()
    server.close()
