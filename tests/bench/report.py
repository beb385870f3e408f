"""The tables of docs/performance.md, between its markers, from the results."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .contestant import ALL_VERBS
from .stats import Summary, median, summary
from .targets import verdicts

BEGIN = "<!-- bench: {name} -->"
END = "<!-- end -->"


def write(document: Path, results: dict[str, Any]) -> None:
    """Replace what is between the markers; a table without results stays as it was."""
    written = document.read_text()
    for name, make in TABLES.items():
        if table := "\n".join(make(results)):
            written = replace(written, name, table)
    document.write_text(written)


def text(results: dict[str, Any]) -> str:
    """All tables, for the terminal."""
    tables = ("\n".join(make(results)) for make in TABLES.values())
    return "\n\n".join(table for table in tables if table)


def replace(text: str, name: str, table: str) -> str:
    """*text* with *table* between the markers of that name.

    Raises:
        ValueError: they are not there.

    """
    before, begin, rest = text.partition(BEGIN.format(name=name))
    old, end, after = rest.partition(END)
    if not begin or not end or BEGIN.partition("{")[0] in old:
        raise ValueError(f"the document has no place for {name}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' if n == 0 else '--:' for n in range(len(head)))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _machine(results: dict[str, Any]) -> Iterator[str]:
    machine = results["machine"]
    yield (
        f"{machine['cores']} cores, {machine['memory_gib']:g} GiB, Linux, Python"
        f" {machine['python']}, Asterisk {results['asterisk']}. Load average before:"
        f" {machine['load'][0]:g}. The whole run took {results['seconds'] / 60:.0f} minutes."
    )
    if machine["load"][0] > machine["cores"]:
        yield "\n**The machine was busy with other work: these figures are not to be quoted.**"


def _targets(results: dict[str, Any]) -> Iterator[str]:
    rows = [
        (verdict.target, verdict.found, "yes" if verdict.reached else "**no**")
        for verdict in verdicts(results)
    ]
    if rows:
        yield from _table(("To reach", "Found", "Reached"), rows)


def _verbs(results: dict[str, Any]) -> Iterator[str]:
    for live, level in results.get("verbs", {}).items():
        count = max(len(s["heard"]) for verbs in level["verbs"].values() for s in verbs.values())
        yield f"### {live} live, {count} rounds\n"
        rows = []
        for verb in ALL_VERBS:
            for name, verbs in sorted(level["verbs"].items()):
                if verb in verbs and verbs[verb]["heard"]:
                    rows.append(_verb_row(verb, name, verbs[verb]))
        yield from _table(
            ("verb", "by", "heard: median (quartiles)", "p95", "p99", "answer: median", "p95",
             "p99", "missed"),
            rows,
        )  # fmt: skip
        yield f"\n![{live} live](performance/verbs-{live}.svg)\n"


def _verb_row(verb: str, name: str, samples: dict[str, Any]) -> list[str]:
    heard, answered = summary(samples["heard"]), summary(samples["answered"])
    return [
        f"{verb.upper()}",
        name,
        _spread(heard),
        f"{heard.p95:.1f}",
        f"{heard.p99:.1f}",
        f"{answered.median:.1f}",
        f"{answered.p95:.1f}",
        f"{answered.p99:.1f}",
        str(samples["missed"]),
    ]


def _spread(found: Summary) -> str:
    return f"{found.median:.1f} ({found.low:.1f}-{found.high:.1f})"


def _throughput(results: dict[str, Any]) -> Iterator[str]:
    turns = results.get("throughput", {}).get("turns", {})
    rows = []
    for name, turn in turns.items():
        found = summary(turn["per_second"])
        rows.append(
            (
                name,
                f"{found.median:.0f} ({found.low:.0f}-{found.high:.0f})",
                f"{median(turn['answered']):.1f}",
                f"{median(turn['callcue_ms']):.2f}",
                f"{median(turn['asterisk_ms']):.2f}",
                str(turn["refused"]),
            )
        )
    if rows:
        yield from _table(
            ("by", "commands a second: median (quartiles)", "answer, ms",
             "callcue's CPU a command, ms", "Asterisk's CPU a command, ms", "refused"),
            rows,
        )  # fmt: skip


def _resting(results: dict[str, Any]) -> Iterator[str]:
    rows = []
    for live, level in results.get("verbs", {}).items():
        resting = level["resting"]
        rows.append(
            (
                live,
                f"{resting['callcue_cores'] * 100:.1f} %",
                f"{resting['asterisk_cores'] * 100:.0f} %",
                f"{resting['callcue_kib'] / 1024:.1f}",
            )
        )
    if rows:
        head = ("live playbacks", "callcue, of a core", "Asterisk, of a core", "callcue, MiB")
        yield from _table(head, rows)


def _memory(results: dict[str, Any]) -> Iterator[str]:
    found = results.get("memory")
    if not found:
        return
    process, sessions = found["process_kib"], found["sessions"]
    rows = [
        ("with a live playback", found["live_bytes"], process["live"] - process["idle"]),
        ("that has played once", found["ended_bytes"], process["ended"] - process["idle"]),
    ]
    yield from _table(
        (f"a session (of {sessions})", "by allocation, KiB", "by process, KiB"),
        [
            (what, f"{counted / 1024:.1f}", f"{pages / sessions:.1f}")
            for what, counted, pages in rows
        ],
    )


def _known(results: dict[str, Any]) -> Iterator[str]:
    found = results.get("known_calls", {})
    rows = []
    for name, by_known in found.get("costs", {}).items():
        for known, cost in by_known.items():
            answered = summary(cost["answered"])
            rows.append(
                (
                    name,
                    known,
                    f"{answered.median:.2f} ({answered.low:.2f}-{answered.high:.2f})",
                    f"{answered.p95:.1f}",
                    f"{median(cost['cpu_ms']):.2f}",
                    f"{found['callcue_kib'][known] / 1024:.1f}",
                )
            )
    if rows:
        yield from _table(
            ("by", "known calls", "answer: median (quartiles), ms", "p95",
             "callcue's CPU a command, ms", "callcue, MiB"),
            rows,
        )  # fmt: skip


TABLES = {
    "machine": _machine,
    "targets": _targets,
    "verbs": _verbs,
    "throughput": _throughput,
    "resting": _resting,
    "memory": _memory,
    "known_calls": _known,
}
