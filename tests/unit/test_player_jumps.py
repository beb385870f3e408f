"""Where the player dialplan jumps to, read from its file.

Before Asterisk 20.16, 21.11 and 22.6 a jump that meets a Redirect lands one priority short.
"""

import re
from pathlib import Path

import pytest

PLAYER = Path(__file__).parents[2] / "asterisk-conf" / "callcue-player.conf"
CONTEXT = "callcue-player"
LANDING = "cue-."


class Step:
    """One priority of an extension."""

    def __init__(self, label: str, application: str) -> None:
        self.label = label
        self.application = application

    @property
    def jumps(self) -> list[str]:
        """Where it may go on, as written: `label` or `extension,priority`."""
        name, _, inside = self.application.removesuffix(")").partition("(")
        if name == "Goto":
            return [inside]
        if name == "GotoIf":
            return inside.rpartition("?")[2].split(":")
        return []


def steps() -> dict[str, list[Step]]:
    """The extensions of the player's context, each with its priorities in order."""
    text = PLAYER.read_text().partition(f"[{CONTEXT}]\n")[2].partition("\n[")[0]
    found: dict[str, list[Step]] = {}
    name = ""
    for line in text.splitlines():
        if started := re.fullmatch(r"exten = _?([^,]+),1,(.+)", line):
            name = started[1]
            found[name] = [Step("", started[2])]
        elif line.startswith(" same = "):
            label, application = re.fullmatch(r" same = n(?:\((\w+)\))?,(.+)", line).groups("")  # type: ignore[union-attr]
            found[name].append(Step(label, application))
    return found


EXTENSIONS = steps()
JUMPS = [
    pytest.param(name, jump, id=f"{name} to {jump}")
    for name, extension in EXTENSIONS.items()
    for jump in sorted({jump for step in extension for jump in step.jumps})
]


@pytest.mark.parametrize(("name", "jump"), JUMPS)
def test_given_a_jump_when_it_lands_one_priority_short_then_a_step_that_does_nothing_is_there(
    name: str, jump: str
) -> None:
    target, comma, priority = jump.partition(",")
    if comma:
        assert priority == "2"
        # `${EXTEN:4}` and `${CALLCUE_MODE}` name extensions that are checked by their own names.
        first = [EXTENSIONS[target]] if "$" not in target else []
        assert all(extension[0].application == "NoOp()" for extension in first)
    else:
        labels = [step.label for step in EXTENSIONS[name]]
        assert EXTENSIONS[name][labels.index(target) - 1].application == "NoOp()"


@pytest.mark.parametrize(
    "name", ["pause-.", "resume-.", "restart-.", "seek-.", "playing", "paused"]
)
def test_given_an_extension_named_by_a_variable_when_jumped_to_then_it_begins_with_nothing(
    name: str,
) -> None:
    assert EXTENSIONS[name][0].application == "NoOp()"


def test_given_the_longest_extension_when_a_verb_lands_that_far_then_it_is_obeyed() -> None:
    longest = max(len(extension) for extension in EXTENSIONS.values())

    assert len(EXTENSIONS[LANDING]) >= longest
    assert len({step.application for step in EXTENSIONS[LANDING]}) == 1
