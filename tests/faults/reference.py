"""Writes the fault matrix into `docs/reliability.md`, between its two marks. Run it as a module from the checkout."""

from itertools import groupby
from pathlib import Path

from tests.faults.matrix import MATRIX, Operation

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- matrix -->\n", "<!-- end of matrix -->\n"


def table() -> str:
    """Return the matrix in Markdown, one line for each dependency and fault that differs from the lines beside it."""
    lines = ["| what fails | how | " + " | ".join(Operation) + " |", "| --- " * (len(Operation) + 2) + "|"]
    for dependency, rows in groupby(MATRIX, key=lambda row: row.dependency):
        outcomes: dict[tuple[str, ...], list[str]] = {}
        for row in rows:
            outcomes.setdefault(tuple(row.expected(operation) for operation in Operation), []).append(row.fault)
        for told, faults in outcomes.items():
            lines.append(f"| {dependency} | {', '.join(faults)} | " + " | ".join(told) + " |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """Return the page with the matrix as it is now."""
    before, _, rest = text.partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise ValueError(f"{PAGE.name} needs the marks {_BEGIN.strip()} and {_END.strip()}")
    return f"{before}{_BEGIN}{table()}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
