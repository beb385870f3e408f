"""The state table as a picture and as a page: mermaid and markdown, made from `states` alone.

`python -m callcue.core.diagram` prints both; with the name of a page it puts them between the
marks there.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from .states import COMMANDS, EVENTS, Effect, Refusal, Row, State, Step

BEGIN = "<!-- begin: made by `python -m callcue.core.diagram`, not by hand -->"
END = "<!-- end -->"


def mermaid() -> str:
    """The states and the ways between them; what leaves a state as it is stands in the tables."""
    lines = [f"    {start} --> {end} : {label}" for (start, end), label in _edges().items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.IDLE}", *lines])


def _edges() -> dict[tuple[State, State], str]:
    """One label for all inputs that lead from the same state to the same state."""
    inputs: dict[tuple[State, State], list[str]] = {}
    for name, row in _rows():
        for state, cell in row.items():
            if isinstance(cell, Step) and cell.state is not state:
                # A comma parts the names here, and a label must hold no colon.
                inputs.setdefault((state, cell.state), []).append(name.replace(",", ""))
    order = list(State)
    ends = sorted(inputs, key=lambda edge: (order.index(edge[0]), order.index(edge[1])))
    return {edge: ", ".join(inputs[edge]) for edge in ends}


def _rows() -> Iterable[tuple[str, Row]]:
    """Commands in capitals as everywhere, events in small letters."""
    yield from ((verb.upper(), row) for verb, row in COMMANDS.items())
    yield from ((event.value, row) for event, row in EVENTS.items())


def tables() -> str:
    """Every cell of the table, and what its words mean."""
    rows = list(_rows())
    commands, events = rows[: len(COMMANDS)], rows[len(COMMANDS) :]
    meanings = [f"- *{_word(effect)}*: {effect.value}" for effect in Effect]
    parts = ["Commands:", _table(commands), "Events:", _table(events)]
    return "\n\n".join([*parts, "What the words mean:", "\n".join(meanings)])


def _table(rows: Iterable[tuple[str, Row]]) -> str:
    head = " | ".join(["", *State])
    body = [
        " | ".join([f"| **{name}**", *(_cell(state, row.get(state)) for state in State)]) + " |"
        for name, row in rows
    ]
    return "\n".join([f"|{head} |", "|---" * (len(State) + 1) + "|", *body])


def _cell(state: State, cell: Step | Refusal | None) -> str:
    if cell is None:
        return "-"
    if not isinstance(cell, Step):
        return f"`{cell.__name__}`"
    goes = "" if cell.state is state else f", then **{cell.state}**"
    return f"{_word(cell.effect)}{goes}"


def _word(effect: Effect) -> str:
    return effect.name.lower().replace("_", " ")


def page() -> str:
    """What stands between the marks."""
    return f"```mermaid\n{mermaid()}\n```\n\n{tables()}"


def refreshed(text: str) -> str:
    """*text* with what stands between its marks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the marks are missing: {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n\n{page()}\n\n{END}{after}"


def main(arguments: list[str]) -> None:
    """Print it, or refresh the pages named."""
    if not arguments:
        sys.stdout.write(page() + "\n")
    for path in map(Path, arguments):
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
