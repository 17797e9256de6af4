"""Tenants with rows in every table, whose every value says whose it is."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy import Column, Table, types
from sqlalchemy.dialects import postgresql

from slipway.database.base import metadata
from slipway.database.tables import ALL_TABLES

ROWS = 3
"""Rows of a tenant in each table; one where the tenant itself is the key."""
_ENDINGS = ("tenant_keys.rewrapped_at", "tenant_keys.emptied_at")
"""Left empty: what has ended wraps nothing, and the database refuses rows that say so."""
_FIRST_CHOICE = re.compile(r"'([^']*)'::text")
_RANGE = re.compile(r"\((\w+) >= (\d+)\)")
_CHECKS = """
SELECT c.conrelid::regclass::text, a.attname, pg_get_constraintdef(c.oid) FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum]
WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Planted:
    """A tenant, and what lies in its rows."""

    number: int
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def id_tag(self) -> str:
        """The beginning of each of its UUIDs. Whoever attacks may know a UUID."""
        return f"c0ffee{self.number:02x}"

    @property
    def secret_tag(self) -> str:
        """What is in each of its texts, bytes and documents. Nobody else knows one."""
        return f"5ec2e7{self.number:02x}"

    @property
    def id(self) -> UUID:
        """The tenant."""
        return self.uuid(0)

    def uuid(self, number: int) -> UUID:
        """Return one of its UUIDs."""
        return UUID(f"{self.id_tag}-0000-4000-8000-{number:012x}")


def plant(connection: psycopg.Connection[Any], count: int) -> list[Planted]:
    """Plant tenants with rows in every table there is, as a superuser.

    Values follow from the declared columns and from the checks of the live schema. Columns that may be empty are left
    so where a check of several columns does not want them all.
    """
    choices: dict[str, dict[str, Any]] = defaultdict(dict)
    for table, column, definition in connection.execute(_CHECKS):
        choices[table][column] = _allowed(definition)
    planted = [Planted(number) for number in range(1, count + 1)]
    for tenant in planted:
        for table in metadata.sorted_tables:
            alone = list(table.primary_key.columns.keys()) == [owner_column(table.name)]
            for number in range(1 if alone else ROWS):
                _insert(connection, table, _row(tenant, table, number, choices[table.name]))
            tenant.rows[table.name] = _rows(connection, tenant, table)
    return planted


def _allowed(definition: str) -> Any:
    if found := _FIRST_CHOICE.search(definition):
        return found[1]
    found = _RANGE.search(definition)
    return int(found[2]) if found else None


def _row(tenant: Planted, table: Table, number: int, choices: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for position, column in enumerate(table.columns):
        if column.identity is not None or column.computed is not None or f"{table.name}.{column.name}" in _ENDINGS:
            continue
        if choices.get(column.name) is not None:
            row[column.name] = choices[column.name]
        else:
            row[column.name] = _value(tenant, column, number, position)
    return row


def _value(tenant: Planted, column: Column[Any], number: int, position: int) -> Any:
    if column.name == owner_column(column.table.name):
        return tenant.id
    for key in column.foreign_keys:
        parents = tenant.rows[key.column.table.name]
        return parents[number % len(parents)][key.column.name]
    unique = 1 + [table.name for table in ALL_TABLES].index(column.table.name) * 1_000 + position * 10 + number
    return _of_type(tenant, column.type, unique, number)


def _of_type(tenant: Planted, kind: types.TypeEngine[Any], unique: int, number: int) -> Any:
    secret = f"canary-{tenant.secret_tag}-{unique}"
    values = (
        (types.UUID, lambda: tenant.uuid(unique)),
        (types.LargeBinary, secret.encode),
        (postgresql.JSONB, lambda: Jsonb({"canary": secret})),
        (types.ARRAY, lambda: [secret]),
        (types.DateTime, lambda: datetime(2026, 1, 1, tzinfo=UTC)),
        (types.Boolean, lambda: True),
        (types.Integer, lambda: number + 1),
        (types.String, lambda: secret),
    )
    return next((make() for type_, make in values if isinstance(kind, type_)), str(number + 1))


def _insert(connection: psycopg.Connection[Any], table: Table, row: dict[str, Any]) -> None:
    try:
        with connection.transaction():
            connection.execute(_statement(table, row), row)
    except psycopg.errors.CheckViolation:
        needed = {name: value for name, value in row.items() if not table.columns[name].nullable}
        connection.execute(_statement(table, needed), needed)


def _statement(table: Table, row: Mapping[str, Any]) -> sql.Composed:
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )


def _rows(connection: psycopg.Connection[Any], tenant: Planted, table: Table) -> list[dict[str, Any]]:
    """Return the tenant's rows as the database has them, with what the database made of them."""
    owner = sql.Identifier(owner_column(table.name))
    cursor = connection.cursor(row_factory=dict_row)
    return cursor.execute(
        sql.SQL("SELECT * FROM {} WHERE {} = %s ORDER BY ctid").format(sql.Identifier(table.name), owner), [tenant.id]
    ).fetchall()


def owner_column(table: str) -> str:
    """Return the column that says whose a row is."""
    return "id" if table == "tenants" else "tenant_id"
