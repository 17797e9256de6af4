"""A CSV file as people's programs write it, or a sentence that says what is wrong with it."""

import codecs
import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from triage.errors import DataError

_DELIMITERS = (",", ";", "\t")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """The rows of a file."""

    path: Path
    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    lines: list[int]
    """The line on which each row ends."""
    sha256: str


def read_csv(path: Path, column: str) -> CsvFile:
    """Read a file that has a column; commas, semicolons and tabs are understood.

    Raises:
        DataError: it cannot be read, is not UTF-8, or is not regular; the text says where.
    """
    content = _read(path)
    text = _decode(path, content)
    reader = csv.reader(_lines(text), delimiter=_delimiter(text, column), strict=True)
    try:
        columns = tuple(name.strip() for name in next(reader, ()))
        _check_columns(path, columns, column)
        rows, lines = [], []
        for fields in reader:
            if not fields:
                continue
            _check_row(path, reader.line_num, len(fields), len(columns))
            rows.append(dict(zip(columns, fields, strict=True)))
            lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}: {error}. Is a quotation mark not closed, or not doubled inside quotes?"
        ) from error
    return CsvFile(path, columns, rows, lines, hashlib.sha256(content).hexdigest())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _decode(path: Path, content: bytes) -> str:
    if content.startswith(_WIDE):
        raise DataError(f"{path} is UTF-16, not UTF-8. Convert it: iconv -f UTF-16 -t UTF-8 {path} > utf8.csv")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} is not UTF-8: byte 0x{content[error.start]:02X} on line {line} (offset {error.start}). If it "
            f"comes from a spreadsheet, convert it: iconv -f WINDOWS-1252 -t UTF-8 {path} > utf8.csv"
        ) from error
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise DataError(f"{path} has a NUL character on line {line}. It is not a text file, or is damaged.")
    return text


def _lines(text: str) -> Iterator[str]:
    # Split at line ends only: `str.splitlines` also splits at characters that may stand inside a message.
    return (f"{line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _delimiter(text: str, column: str) -> str:
    header = next(_lines(text))
    for delimiter in _DELIMITERS:
        if column in {name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])}:
            return delimiter
    return _DELIMITERS[0]


def _check_columns(path: Path, columns: tuple[str, ...], column: str) -> None:
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(f"{path} has more than one column named {', '.join(map(repr, twice))}. Rename or remove one.")
    if column not in columns:
        raise missing_column(path, column, columns)


def missing_column(path: Path, column: str, columns: tuple[str, ...]) -> DataError:
    """Return the error for a column that is not there."""
    found = ", ".join(map(repr, columns)) if columns else "none: the file is empty"
    return DataError(
        f"{path} has no column {column!r}. The first line must name the columns; it names {found}. "
        f"Say which to take with --text-column and --label-column."
    )


def _check_row(path: Path, line: int, fields: int, columns: int) -> None:
    if fields != columns:
        raise DataError(
            f"{path}, line {line}: {fields} fields, but {columns} columns. A text that contains the separator or a "
            f'line break must stand in quotation marks ("...").'
        )
