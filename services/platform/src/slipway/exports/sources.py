"""What an export reads: every table that has rows about a person, with the columns that its declarations give.

Which columns those are, and which of them are sealed, is read from the inventory: a new column that is declared as
given is in the next export.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, FromClause, Table

from slipway.inventory.declaration import HELD, Form, Held, OnExport
from slipway.jobs.models import job_items, jobs
from slipway.subjects.models import subject_requests, subjects


@dataclass(frozen=True, slots=True)
class Source:
    """Rows about a person, and what a row of another table says about each of them."""

    table: Table
    subject: Column[Any]
    """The column that says whom a row is about."""
    with_each: Table | None = None
    """The table that each row belongs to by its foreign key."""

    @property
    def name(self) -> str:
        """Its name in a position."""
        return self.table.name

    @property
    def key(self) -> tuple[Column[Any], ...]:
        """The primary key: rows are read in its order."""
        return tuple(self.table.primary_key.columns)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Whose columns a line of the data has."""
        return (self.table,) if self.with_each is None else (self.table, self.with_each)

    @property
    def rows(self) -> FromClause:
        """What rows are selected from."""
        return self.table if self.with_each is None else self.table.join(self.with_each)

    def given(self) -> Iterator[Column[Any]]:
        """Yield the columns that an export gives."""
        for table in self.tables:
            yield from (column for column in table.columns if _held(column).on_export is OnExport.GIVEN)

    def sealed(self) -> Iterator[Column[Any]]:
        """Yield those of the given columns that have to be opened: the subject's own key has sealed them."""
        return (column for column in self.given() if _held(column).form is Form.SEALED)


SOURCES: tuple[Source, ...] = (
    Source(subjects, subjects.c.id),
    Source(subject_requests, subject_requests.c.subject_id),
    Source(job_items, job_items.c.subject_id, with_each=jobs),
)
"""In the order in which they stand in the data."""

BY_NAME: Mapping[str, Source] = {source.name: source for source in SOURCES}


def label(column: Column[Any]) -> str:
    """Return the name of a column in a row: `table.column`."""
    return f"{column.table.name}.{column.name}"


def _held(column: Column[Any]) -> Held:
    return column.info[HELD]  # type: ignore[no-any-return]  # `info` is of any type
