"""What a person reads first: how the data are to be read, and what else is held and not given."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from slipway.exports.archive import DATA, NOTICE
from slipway.exports.sources import SOURCES
from slipway.inventory.declaration import OnExport
from slipway.inventory.entries import Entry
from slipway.inventory.record import Record

_BEGINS = """\
Everything that {controller} held about the person with the id `{subject}` on {at:%Y-%m-%d at %H:%M} UTC:
{records:,} {lines} of data. What came while this was being made may be missing."""
_HOW = f"""\
`{DATA}` is for programs, and can be read by people: one line for each thing that is held, in the order in which it is
stored, each a JSON object in UTF-8. Its first level says where something is stored, the second what it is. Times are
in ISO 8601 with their offset from UTC. `null` means that there is nothing.

`{NOTICE}` says what the data are for, by what right they are held, for how long, who else gets them, and what your
rights are."""
_TOO = """\
This too is about you, or stands for you. Its content would tell you nothing, or would open what is locked; or it is a
copy of what is given here, or not kept apart from what is about others."""


def explanation(record: Record, subject: UUID, records: int, made_at: datetime) -> str:
    """Return the explanation in Markdown, ending with a line feed.

    Args:
        record: of the installation.
        subject: whom the export is about.
        records: lines of data.
        made_at: when it was all there.
    """
    controller, lines = record.controller or "this service", "line" if records == 1 else "lines"
    begins = _BEGINS.format(controller=controller, subject=subject, at=made_at, records=records, lines=lines)
    said = ["## What the data say", "\n".join(_given(record)), *_inputs(record)]
    other = ["## What else is held", _TOO, "\n".join(_explained(record))]
    return "\n\n".join(["# What is held about you", begins, "## How to read it", _HOW, *said, *other]) + "\n"


def _given(record: Record) -> Iterator[str]:
    tables = {table.name for source in SOURCES for table in source.tables}
    yield "| where | what | what it is for | how long it is kept |\n| --- | --- | --- | --- |"
    for store, name, title, kept, note in _rows(record, tables):
        yield f"| `{store}` | {name} | {title}.{' ' if note else ''}{note} | {kept} |"


def _rows(record: Record, tables: set[str]) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield what is alike once, with the names of all of it."""
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    for entry in record.entries:
        if entry.store in tables and entry.held.on_export is OnExport.GIVEN:
            told = (entry.store, entry.held.purpose.value.title, entry.kept, entry.held.note)
            alike.setdefault(told, []).append(f"`{entry.name}`")
    for (store, title, kept, note), names in alike.items():
        yield store, ", ".join(names), title, kept, note


def _inputs(record: Record) -> Iterator[str]:
    fields = "\n".join(f"- `{field.name}`: {field.description or 'no description'}" for field in record.inputs)
    yield f"An input, as it was sent to `{record.workload}`, has these fields; the output is the model's answer to it:"
    yield fields


def _explained(record: Record) -> Iterator[str]:
    explained = [entry for entry in record.entries if entry.held.on_export is OnExport.EXPLAINED]
    by_note: dict[str, list[Entry]] = {}
    for entry in explained:
        by_note.setdefault(entry.held.note or entry.because, []).append(entry)
    for note, entries in by_note.items():
        stores = ", ".join(dict.fromkeys(f"`{entry.store}`" for entry in entries))
        yield f"- {note} Kept: {'; '.join(dict.fromkeys(entry.kept for entry in entries))}. ({stores})"
