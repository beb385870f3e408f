"""The player dialplan has the revision that `callcue doctor` knows, and needs what it asks for."""

import hashlib
import re
from pathlib import Path

from callcue.asterisk.doctor.dialplan import REVISION
from callcue.asterisk.doctor.needs import APPLICATIONS, BUILT_IN, FUNCTIONS

CONF = Path(__file__).parents[2] / "asterisk-conf"
PLAYER = (CONF / "callcue-player.conf").read_text()


def code(text: str) -> list[str]:
    """Its lines without comments and blanks."""
    lines = (line.partition(";")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def revision(text: str) -> str:
    """The checksum of what it does; its own place in the file left out."""
    lines = re.sub(r"Revision: \w+", "Revision:", "\n".join(code(text)))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def test_given_the_player_dialplan_then_it_says_its_revision_and_the_doctor_knows_it() -> None:
    right = revision(PLAYER)
    (written,) = re.findall(r"Revision: (\w+)", PLAYER)
    advice = f"set Revision: {right} in callcue-player.conf, and REVISION in doctor/dialplan.py"
    assert (written, REVISION) == (right, right), advice


def test_given_other_comments_then_the_revision_is_the_same_and_with_other_code_another() -> None:
    assert revision(f"; new words\n{PLAYER}\n") == revision(PLAYER)
    assert revision(PLAYER.replace("Wait(10)", "Wait(11)")) != revision(PLAYER)
    assert revision(PLAYER.replace(REVISION, "0" * 12)) == revision(PLAYER)


def test_given_the_player_dialplan_then_the_doctor_looks_for_all_that_it_uses() -> None:
    lines = "\n".join(code(PLAYER))
    tried = set(re.findall(r"TryExec\((\w+)\(", lines))
    run = set(re.findall(r"^(?:exten = [^,]+,1|same = n(?:\(\w+\))?),(\w+)\(", lines, re.M))
    assert run | tried == APPLICATIONS.keys() | BUILT_IN

    read = set(re.findall(r"\$\{([A-Z_]+)\(", lines))
    written = set(re.findall(r"[(,]([A-Z_]+)\(\w+\)=", lines))
    assert read | written == FUNCTIONS.keys() - {"VOLUME"}


def test_given_the_operators_manual_then_it_names_every_module() -> None:
    manual = (CONF.parent / "docs" / "operators.md").read_text()
    for module in {*APPLICATIONS.values(), *FUNCTIONS.values()}:
        assert f"`{module}`" in manual
