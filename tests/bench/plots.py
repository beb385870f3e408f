"""The plots of docs/performance.md."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from .contestant import ALL_VERBS
from .stats import median, percentile

COLOURS = {
    "raw AMI": "#7f7f7f",
    "ARI": "#d98c3f",
    "callcue, api.php": "#2b6ca3",
    "callcue, JSON": "#63a9d8",
}


def draw(folder: Path, results: dict[str, Any]) -> None:
    """Write an SVG for each thing measured."""
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "callcue", "font.size": 9, "axes.grid": True})
    for old in folder.glob("*.svg"):  # the numbers of live playbacks may be others this time
        old.unlink()
    for live, level in results.get("verbs", {}).items():
        _verbs(folder / f"verbs-{live}.svg", live, level["verbs"])
    if "throughput" in results:
        _throughput(folder / "throughput.svg", results["throughput"])
    if "known_calls" in results:
        _known(folder / "known-calls.svg", results["known_calls"]["costs"])


def _save(path: Path) -> None:
    # No date: the same figures make the same file.
    plt.tight_layout()
    plt.savefig(path, metadata={"Date": None})
    plt.close()


def _verbs(path: Path, live: str, verbs: dict[str, Any]) -> None:
    _, (heard, answered) = plt.subplots(2, 1, figsize=(8, 6), sharex=True)
    for axes, key in ((heard, "heard"), (answered, "answered")):
        for place, (name, colour) in enumerate(COLOURS.items()):
            found = [
                (at + (place - 1.5) * 0.2, verbs[name][verb][key])
                for at, verb in enumerate(ALL_VERBS)
                if verb in verbs[name] and verbs[name][verb][key]
            ]
            places = [at for at, _ in found]
            middles = [median(samples) for _, samples in found]
            tails = [percentile(samples, 0.95) for _, samples in found]
            axes.bar(places, middles, 0.18, color=colour, label=name)
            axes.plot(places, tails, "_", color=colour, markersize=8)
    heard.set_ylabel("heard after, ms")
    answered.set_ylabel("answered after, ms")
    answered.set_xticks(range(len(ALL_VERBS)), [verb.upper() for verb in ALL_VERBS])
    heard.set_title(f"{live} live: medians, and the 95th percentile as a dash")
    heard.legend(fontsize=8)
    _save(path)


def _throughput(path: Path, found: dict[str, Any]) -> None:
    plt.figure(figsize=(8, 2.8))
    for place, (name, colour) in enumerate(COLOURS.items()):
        turns = found["turns"][name]["per_second"]
        plt.barh(place, median(turns), color=colour)
        plt.plot(turns, [place] * len(turns), ".", color="black", markersize=4)
    plt.yticks(range(len(COLOURS)), list(COLOURS))
    plt.xlabel(f"confirmed commands a second in {found['rooms']} rooms; a dot is one turn")
    _save(path)


def _known(path: Path, costs: dict[str, Any]) -> None:
    plt.figure(figsize=(8, 3))
    for name, by_known in costs.items():
        known = sorted(by_known, key=int)
        places = [int(number) for number in known]
        answered = [median(by_known[number]["answered"]) for number in known]
        cpu = [median(by_known[number]["cpu_ms"]) for number in known]
        plt.plot(places, answered, "o-", color=COLOURS[name], label=f"{name}: answer")
        plt.plot(places, cpu, "o--", color=COLOURS[name], label=f"{name}: CPU")
    plt.xscale("log")
    plt.ylim(bottom=0)
    plt.xlabel("known calls")
    plt.ylabel("ms a command")
    plt.legend(fontsize=8)
    _save(path)
