"""What was to be reached, and whether it is: every target is a ratio or a difference in one run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .stats import median

RAW, ARI, SCREEN, BIRD = "raw AMI", "ARI", "callcue, api.php", "callcue, JSON"
OURS = (SCREEN, BIRD)
CONFIRMED = ("pause", "resume", "restart", "seek", "volume", "stop")

TO_EAR_MS = 5.0
TIMES_RAW = 2.0
OF_RAWS_THROUGHPUT = 0.40
SESSION_KIB = 10.0
FLAT = 1.10


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target."""

    target: str
    found: str
    reached: bool


def verdicts(results: dict[str, Any]) -> list[Verdict]:
    """All targets of which the results say something."""
    return [
        *_to_ear(results.get("verbs", {})),
        *_answers(results.get("verbs", {})),
        *_throughput(results.get("throughput", {})),
        *_memory(results.get("memory", {})),
        *_flat(results.get("known_calls", {})),
    ]


def _to_ear(levels: dict[str, Any]) -> Iterator[Verdict]:
    for live, level in levels.items():
        heard = {name: median(verbs["play"]["heard"]) for name, verbs in level["verbs"].items()}
        worst = max(heard[name] for name in OURS)
        yield Verdict(
            f"PLAY to ear within {TO_EAR_MS:g} ms of raw AMI, {live} live",
            f"{worst - heard[RAW]:+.1f} ms",
            worst - heard[RAW] <= TO_EAR_MS,
        )
        yield Verdict(
            f"PLAY to ear no slower than ARI with a fresh channel, {live} live",
            f"{worst - heard[ARI]:+.1f} ms",
            worst <= heard[ARI],
        )


def _answers(levels: dict[str, Any]) -> Iterator[Verdict]:
    for live, level in levels.items():
        verbs = level["verbs"]
        ratios = {
            (name, verb): median(verbs[name][verb]["answered"])
            / median(verbs[RAW][verb]["answered"])
            for name in OURS
            for verb in CONFIRMED
            if verb in verbs[name]
        }
        target = f"a verb's answer at most {TIMES_RAW:g} times raw AMI's, {live} live"
        middle = median(list(ratios.values()))
        yield Verdict(f"{target}: in the middle", f"{middle:.1f} times", middle <= TIMES_RAW)
        for slow, ratio in sorted(ratios.items(), key=lambda item: -item[1]):
            if ratio > TIMES_RAW:
                yield Verdict(
                    f"{target}: {slow[1].upper()}, {slow[0]}", f"{ratio:.1f} times", False
                )


def _throughput(found: dict[str, Any]) -> Iterator[Verdict]:
    turns = found.get("turns", {})
    for name in OURS if turns else ():
        # Turn by turn, because the machine's mood changes from one turn to the next.
        pairs = zip(turns[name]["per_second"], turns[RAW]["per_second"], strict=True)
        share = median([ours / raw for ours, raw in pairs])
        yield Verdict(
            f"{OF_RAWS_THROUGHPUT:.0%} of raw AMI's commands a second ({name})",
            f"{share:.0%}",
            share >= OF_RAWS_THROUGHPUT,
        )


def _memory(found: dict[str, Any]) -> Iterator[Verdict]:
    if found:
        kib = max(found["live_bytes"], found["ended_bytes"]) / 1024
        yield Verdict(
            f"less than {SESSION_KIB:g} KiB a session", f"{kib:.1f} KiB", kib < SESSION_KIB
        )


def _flat(found: dict[str, Any]) -> Iterator[Verdict]:
    for name, by_known in found.get("costs", {}).items():
        fewest, most = min(by_known, key=int), max(by_known, key=int)
        ratio = median(by_known[most]["cpu_ms"]) / median(by_known[fewest]["cpu_ms"])
        yield Verdict(
            f"flat cost: CPU a command with {most} known calls at most {FLAT:g} times that with"
            f" {fewest} ({name})",
            f"{ratio:.2f} times",
            ratio <= FLAT,
        )
