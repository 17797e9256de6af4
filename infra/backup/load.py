"""Loads a dump into an empty database: all of it, or nothing."""

from pathlib import Path

from infra.backup.errors import BackupError
from infra.backup.manifest import Part
from infra.backup.server import Server, counted, counts, query, run

_MAINTENANCE = "postgres"
_FILLED = """
    SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
_XID_BITS = 32


def load(server: Server, part: Part, folder: Path) -> None:
    """Load a part, and count its rows.

    Raises:
        BackupError: the database is not empty, or the dump does not load, or not all of it is there afterwards.
    """
    _make_roles(server, part)
    _make_database(server, part)
    outlive(server, part.next_xid)
    with (folder / part.file).open("rb") as file:
        restore = server.command("pg_restore", "--exit-on-error", "--single-transaction", "--dbname", part.database)
        run(restore, stdin=file)
    _compare(part, counted(query(server, part.database, counts(list(part.rows)))))
    query(server, part.database, "ANALYZE")


def outlive(server: Server, next_xid: int) -> None:
    """Let the server's transaction ids go on above those in a dump.

    The audit log is sealed by transaction id (ADR 0005). A new cluster counts from the beginning: its entries would
    fall into ranges that are sealed already, and never be sealed themselves.
    """
    (at,) = query(server, _MAINTENANCE, "SELECT pg_snapshot_xmax(pg_current_snapshot())")
    if int(at) <= next_xid:
        server.set_epoch((next_xid >> _XID_BITS) + 1)


def _make_roles(server: Server, part: Part) -> None:
    """Make the roles that own and are granted what the dump holds. `slipway migrate` gives them their passwords."""
    there = query(server, _MAINTENANCE, "SELECT rolname FROM pg_roles")
    for role in part.roles:
        if role not in there:
            query(server, _MAINTENANCE, f"CREATE ROLE {_quoted(role)} NOLOGIN")


def _make_database(server: Server, part: Part) -> None:
    if part.database not in query(server, _MAINTENANCE, "SELECT datname FROM pg_database"):
        owner = _quoted(part.owner)
        create = f"CREATE DATABASE {_quoted(part.database)} OWNER {owner} ENCODING 'UTF8' TEMPLATE template0"
        query(server, _MAINTENANCE, create)
    elif (filled := query(server, part.database, _FILLED)[0]) != "0":
        raise BackupError(
            f"The database {part.database} is not empty: it has {filled} tables. A restore overwrites nothing."
        )


def _compare(part: Part, found: dict[str, int]) -> None:
    wrong = [f"{table}: {found[table]} instead of {rows}" for table, rows in part.rows.items() if found[table] != rows]
    if wrong:
        raise BackupError(f"{part.database} was not restored as it was. Rows of {', '.join(wrong)}.")


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
