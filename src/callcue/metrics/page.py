"""The figures as a table: `python -m callcue.metrics.page FILE` puts it between the marks there."""

import sys
from pathlib import Path

from . import figures
from .figure import Figure

BEGIN = "<!-- figures: made by `python -m callcue.metrics.page docs/operators.md` -->"
END = "<!-- end of figures -->"


def table() -> str:
    """In markdown."""
    lines = ["| name | type | labels | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *(_line(figure) for figure in figures.ALL)])


def _line(figure: Figure) -> str:
    labels = ", ".join(f"`{label}`" for label in figure.labels)
    return f"| `{figure.name}` | {figure.kind} | {labels} | {figure.meaning} |"


def filled(page: str) -> str:
    """*page* with the table between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(filled(file.read_text()))
