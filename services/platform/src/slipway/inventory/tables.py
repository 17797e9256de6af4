"""What the tables declare, and for how long their rows stay."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Table

from slipway.database.base import metadata
from slipway.database.tables import ALL_TABLES
from slipway.inventory.declaration import HELD, KEPT, Held, UndeclaredError, nothing_personal, stays_until
from slipway.inventory.purposes import Purpose
from slipway.inventory.retention import Kept
from slipway.settings import Settings

_SCHEMA = nothing_personal(Purpose.OPERATING, "Number of the newest migration.")
_SCHEMA_KEPT = stays_until("the database is deleted", "without it no version knows whether the schema is its own")
_OF_ALEMBIC: Mapping[str, Collection[str]] = {"alembic_version": ("version_num",)}
"""The one table that is not ours, with its columns."""


@dataclass(frozen=True, slots=True)
class HeldColumn:
    """A column, and what it holds."""

    table: str
    column: str
    held: Held


def held_columns() -> tuple[HeldColumn, ...]:
    """Return every column of every table, in the order of the tables.

    Raises:
        UndeclaredError: a column does not say what it holds.
    """
    ours = [
        HeldColumn(table.name, column.name, _held(table, column.name)) for table in ALL_TABLES for column in table.c
    ]
    others = [HeldColumn(table, column, _SCHEMA[HELD]) for table, columns in _OF_ALEMBIC.items() for column in columns]
    return (*ours, *others)


def retention_of(table: str | Table) -> Kept:
    """Return how long the rows of a table stay, as it declares.

    Raises:
        UndeclaredError: it does not say, or there is no such table.
    """
    name = table if isinstance(table, str) else table.name
    if name in _OF_ALEMBIC:
        return _SCHEMA_KEPT[KEPT]  # type: ignore[no-any-return]  # `info` is of any type
    found = metadata.tables.get(name)
    if found is None or KEPT not in found.info:
        raise UndeclaredError(f"The table {name} does not say how long its rows stay: give it info=kept(...).")
    return found.info[KEPT]  # type: ignore[no-any-return]  # `info` is of any type


def period_of(table: str | Table, settings: Settings) -> timedelta | None:
    """Return the age at which rows are deleted, also where another table takes them along; None if an event does."""
    retention = retention_of(table)
    return period_of(retention.follows, settings) if retention.follows else retention.period(settings)


def undeclared(live: Iterable[tuple[str, str]]) -> list[str]:
    """Return the columns (table, column) of a database that no declaration covers, as `table.column`, sorted."""
    declared = {(each.table, each.column) for each in held_columns()}
    return sorted(f"{table}.{column}" for table, column in set(live) - declared)


def _held(table: Table, column: str) -> Held:
    try:
        return table.c[column].info[HELD]  # type: ignore[no-any-return]  # `info` is of any type
    except KeyError:
        raise UndeclaredError(f"{table.name}.{column} does not say what it holds: give it info=held(...).") from None
