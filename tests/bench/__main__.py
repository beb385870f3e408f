"""Measures, and writes docs/performance."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from . import known_calls, memory, plots, report, throughput, verbs
from .plan import FULL, QUICK, Plan
from .process import machine
from .rig import Rig, running_rig

Experiment = Callable[[Rig, Plan], Awaitable[dict[str, Any]]]

EXPERIMENTS: dict[str, Experiment] = {
    "known_calls": known_calls.measure,
    "throughput": throughput.measure,
    "memory": memory.measure,
    "verbs": verbs.measure,
}

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "performance.md"
FOLDER = ROOT / "docs" / "performance"
RESULTS = FOLDER / "results.json"


def main() -> None:
    """Measure what the command line asks for."""
    options = _options()
    plan = QUICK if options.quick else FULL
    if options.report:
        found = json.loads(RESULTS.read_text())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(_measure(plan, options.only or list(EXPERIMENTS)))
    if options.quick or options.only:
        _say("not written to docs/, because this was not all:\n\n" + report.text(found))
        return
    FOLDER.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, separators=(",", ":")) + "\n")
    report.write(DOCUMENT, found)
    plots.draw(FOLDER, found)
    _say(f"written to {DOCUMENT.relative_to(ROOT)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small and rough, in two minutes")
    parser.add_argument("--only", action="append", choices=EXPERIMENTS, help="only this one")
    parser.add_argument("--report", action="store_true", help="write again what was measured last")
    return parser.parse_args()


async def _measure(plan: Plan, wanted: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"machine": machine()}
    began = time.monotonic()
    async with running_rig(_say) as rig:
        found["asterisk"] = rig.pbx.version
        try:
            for name in wanted:
                found[name] = _rounded(await EXPERIMENTS[name](rig, plan))
                await rig.close_rooms()
        except BaseException:
            _say(rig.last_words())
            raise
    found["seconds"] = round(time.monotonic() - began)
    return found


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")


def _rounded(found: Any) -> Any:
    """Nothing here is known to more than a hundredth of a ms."""
    if isinstance(found, dict):
        return {key: _rounded(value) for key, value in found.items()}
    if isinstance(found, list):
        return [_rounded(value) for value in found]
    return round(found, 3) if isinstance(found, float) else found


if __name__ == "__main__":
    main()
