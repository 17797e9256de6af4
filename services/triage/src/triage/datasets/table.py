"""A table of texts and their labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from triage.arrays import Booleans
from triage.datasets.csv_file import CsvFile, missing_column, read_csv
from triage.errors import DataError

MAX_TEXT = 20_000
"""Characters of a text, as the API accepts."""
GROUP_COLUMN = "theme"
"""If there is such a column, rows with the same value in it are never split up."""
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Table:
    """Texts, their labels in one or two columns, and the groups that belong together."""

    path: Path
    texts: list[str]
    labels: dict[str, list[str]]
    """By column; the first is what the text is about."""
    groups: list[str]
    """The theme of each row; without themes the text itself, so that equal texts stay together."""
    sha256: str

    @property
    def main_labels(self) -> list[str]:
        """Return the labels of the first column."""
        return next(iter(self.labels.values()))

    def select(self, chosen: Booleans) -> "Table":
        """Return the rows that are chosen, [n]."""
        rows = [index for index, keep in enumerate(chosen) if keep]
        labels = {column: [values[row] for row in rows] for column, values in self.labels.items()}
        return Table(
            self.path, [self.texts[row] for row in rows], labels, [self.groups[row] for row in rows], self.sha256
        )


def read_table(path: Path, text_column: str, label_columns: Callable[[tuple[str, ...]], Sequence[str]]) -> Table:
    """Read a table.

    Args:
        path: a CSV file in UTF-8.
        text_column: the column of the texts.
        label_columns: picks the columns of the labels from those that the file has.

    Raises:
        DataError: the file, a column, a text or a label is not usable; the text says where.
    """
    file = read_csv(path, text_column)
    wanted = label_columns(file.columns)
    for column in wanted:
        if column not in file.columns:
            raise missing_column(path, column, file.columns)
    if text_column in wanted:
        raise DataError(f"The column {text_column!r} cannot be both the text and its label.")
    if not file.rows:
        raise DataError(f"{path} has columns, but no rows.")
    _reject(file, [text_column, *wanted], "is empty", lambda value: not value.strip())
    _reject(file, [text_column], f"is longer than {MAX_TEXT:,} characters", lambda value: len(value) > MAX_TEXT)
    labels = {column: [row[column].strip() for row in file.rows] for column in wanted}
    texts = [row[text_column] for row in file.rows]
    groups = [row.get(GROUP_COLUMN) or text for row, text in zip(file.rows, texts, strict=True)]
    return Table(path, texts, labels, groups, file.sha256)


def _reject(file: CsvFile, columns: Sequence[str], what: str, wrong: Callable[[str], bool]) -> None:
    for column in columns:
        lines = [line for row, line in zip(file.rows, file.lines, strict=True) if wrong(row[column])]
        if lines:
            shown = ", ".join(map(str, lines[:_SHOWN])) + (f" and {len(lines) - _SHOWN} more" * (len(lines) > _SHOWN))
            raise DataError(
                f"{file.path}: {column!r} {what} in {len(lines)} of {len(file.rows)} rows (line {shown}). "
                f"Mend or remove these rows."
            )
