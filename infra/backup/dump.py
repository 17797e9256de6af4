"""Dumps a database, and counts its rows at the same moment."""

from pathlib import Path

from infra.backup.files import private, sha256
from infra.backup.manifest import Part
from infra.backup.server import Server, Snapshot, counted, counts, query, run

_TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""
_OWNER = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
_ROLES = "SELECT rolname FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%' AND NOT rolsuper ORDER BY 1"
_NEXT_XID = "SELECT pg_snapshot_xmax(pg_current_snapshot())"


def dump(server: Server, service: str, database: str, folder: Path) -> Part:
    """Write the dump of a database into `folder`.

    Raises:
        BackupError: the server does not answer, or refuses.
    """
    target = folder / f"{database}.dump"
    with Snapshot(server, database) as snapshot:
        rows = counted(snapshot.ask(counts(snapshot.ask(_TABLES))))
        (next_xid,) = snapshot.ask(_NEXT_XID)
        with private(target) as file:
            run(
                server.command(
                    "pg_dump", "--format=custom", f"--snapshot={snapshot.name}", "--lock-wait-timeout=30s", database
                ),
                stdout=file,
            )
    return Part(
        service=service,
        database=database,
        owner=query(server, database, _OWNER)[0],
        roles=query(server, database, _ROLES),
        file=target.name,
        sha256=sha256(target),
        size=target.stat().st_size,
        rows=rows,
        next_xid=int(next_xid),
    )
