"""Every error of the core has an answer in every dialect."""

from collections.abc import Iterator

import pytest

from callcue.api.bird import codes, envelope
from callcue.api.vicidial import replies, wire
from callcue.api.vicidial.parameters import Parameters
from callcue.core import errors
from callcue.core.errors import CallcueError


def _below(kind: type[CallcueError]) -> Iterator[type[CallcueError]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _below(sub)


ALL = sorted(set(_below(CallcueError)), key=lambda kind: kind.__name__)
OF_THE_CORE = [kind for kind in ALL if kind.__module__ == errors.__name__]


def _example(kind: type[CallcueError]) -> CallcueError:
    if kind is errors.ClipNotFound:
        return errors.ClipNotFound(3, "gone")
    if kind is errors.ClipFailed:
        return errors.ClipFailed(3, "https://example.com/|<b>", "too |\r\n large <b>")
    return kind("a | reason\r\nwith <b>")


@pytest.mark.parametrize("kind", OF_THE_CORE)
def test_given_an_error_of_the_core_then_each_dialect_names_it(kind: type[CallcueError]) -> None:
    assert kind in replies.OF_ERROR
    assert kind in codes.OF_ERROR


@pytest.mark.parametrize("kind", ALL)
def test_given_an_error_then_vicidial_has_one_line_for_it(kind: type[CallcueError]) -> None:
    asked = Parameters(value="v", stage="PLAY", agent_user="1000", dial_override="N")
    line = replies.Replies(asked, "1000", "8600051", "10.0.0.1").refuse(_example(kind))
    assert line.startswith("ERROR: ")
    assert "internal error" not in line
    assert "{" not in line
    assert not set(line) & set("\r\n<>")
    assert line.endswith("|1000")


@pytest.mark.parametrize("kind", ALL)
def test_given_an_error_then_bird_has_an_answer_for_it(kind: type[CallcueError]) -> None:
    answer = envelope.answer_to(_example(kind))
    assert 400 <= answer.status <= 503
    assert answer.status != 500
    assert (answer.retry_after is not None) is (answer.status in (429, 503))


def test_given_an_error_that_nobody_knows_then_it_is_a_fault() -> None:
    assert envelope.answer_to(CallcueError()) is codes.FAULT
    assert "internal error" in replies.Replies(Parameters(), "").refuse(CallcueError())


def test_given_the_lines_then_all_begin_with_their_result_word() -> None:
    lines = [text for name, text in vars(wire).items() if name.isupper() and " " in str(text)]
    pages = {wire.WEBSERVER, wire.COFFEE, wire.CLOSE_LINK}
    words = {line.split(":")[0] for line in lines if isinstance(line, str) and line not in pages}
    assert words == {"ERROR", "SUCCESS", "NOTICE", "VERSION"}
