"""`callcue doctor`: what is to be mended before callcue can do all it promises."""

import asyncio
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callcue.settings import Settings, SettingsError, load
from callcue.terminal import EXIT_SETTINGS, SettingsFile, fail

if TYPE_CHECKING:
    from callcue.asterisk.doctor.finding import Finding

EXIT_MEND = 1
EXIT_NOT_CHECKED = 2

Name = Annotated[
    str | None, typer.Argument(metavar="[ASTERISK]", help="Only this one; else all of them.")
]

_COLOURS = {"ok": typer.colors.GREEN, "mend": typer.colors.RED, "not checked": typer.colors.YELLOW}


def examine(
    asterisk: Name = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Look at each Asterisk, also beside calls that go on, and say what is to be mended.

    Exit code: 0 all well, 1 something to mend, 2 it could not be checked.
    """
    try:
        found = load(settings, os.environ)
    except SettingsError as error:
        if as_json:
            typer.echo(json.dumps({"settings": str(error), "asterisk": {}}, indent=2))
        fail(str(error), EXIT_SETTINGS)
    report = asyncio.run(_examined(found, asterisk))
    if as_json:
        shown = {name: [_as_json(one) for one in findings] for name, findings in report.items()}
        typer.echo(json.dumps({"settings": "ok", "asterisk": shown}, indent=2))
    else:
        for line in _lines(found, report):
            typer.echo(line)
    raise typer.Exit(_exit_code(one for findings in report.values() for one in findings))


async def _examined(settings: Settings, name: str | None) -> "Mapping[str, Sequence[Finding]]":
    # Late: the small commands need not wait for everything there is.
    from callcue import logs
    from callcue.app_doctor import examine_all

    logs.configure("error")
    chosen = [one for one in settings.asterisk if name in (None, one.name)]
    if not chosen:
        fail(f"there is no Asterisk {name}: {', '.join(settings.servers)}", EXIT_SETTINGS)
    return await examine_all(settings, chosen)


def _exit_code(findings: "Iterable[Finding]") -> int:
    verdicts = {str(one.verdict) for one in findings}
    if "mend" in verdicts:
        return EXIT_MEND
    return EXIT_NOT_CHECKED if "not checked" in verdicts else 0


def _as_json(finding: "Finding") -> dict[str, Any]:
    return {
        "check": finding.check,
        "verdict": str(finding.verdict),
        "said": finding.said,
        "todo": finding.todo,
    }


def _lines(settings: Settings, report: "Mapping[str, Sequence[Finding]]") -> Iterable[str]:
    """One a check, aligned; below one that is to be mended, what to do."""
    where = {one.name: f"{one.host} port {one.port}" for one in settings.asterisk}
    width = max(len(one.check) for findings in report.values() for one in findings)
    yield f"{'settings'.ljust(width + 2)}  {_verdict('ok')}  they can be used"
    count = 0
    for name, findings in report.items():
        yield f"{name} ({where[name]})"
        for one in findings:
            yield f"  {one.check.ljust(width)}  {_verdict(str(one.verdict))}  {one.said}"
            if one.todo:
                count += 1
                yield f"{' ' * (width + 17)}{one.todo}"
    yield _summary(count, report)


def _verdict(word: str) -> str:
    return typer.style(word.ljust(11), fg=_COLOURS[word])


def _summary(count: int, report: "Mapping[str, Sequence[Finding]]") -> str:
    if count:
        return f"{count} to mend"
    code = _exit_code(one for findings in report.values() for one in findings)
    return "some could not be checked" if code else "all well"
