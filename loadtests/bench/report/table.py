"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: int) -> str:
    """Return a table; the last `numbers` columns are aligned to the right."""
    marks = ["---"] * (len(columns) - numbers) + ["---:"] * numbers
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, marks, *rows))


def figure(value: float | None) -> str:
    """Return three significant digits, with what stands before the point in full; a dash: not measured."""
    if value is None:
        return "–"  # noqa: RUF001  # a dash in a table
    if abs(value) >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004


def interval(ends: Sequence[float] | None) -> str:
    """Return the least and the largest."""
    return "" if ends is None else f"{figure(ends[0])} to {figure(ends[1])}"
