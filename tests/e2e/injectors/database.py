"""Sessions that hold up others in PostgreSQL."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.stage import Stage

_NAME = "e2e-fault"
_SECONDS = 600
_PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--dbname", "slipway", "--command")


@contextmanager
def hold_transaction(stage: Stage) -> Iterator[None]:
    """Leave a transaction open that has written something."""
    with _session(stage, "SELECT pg_current_xact_id()"):
        yield


@contextmanager
def lock_table(stage: Stage, table: str) -> Iterator[None]:
    """Lock a table, so that whoever needs it waits."""
    with _session(stage, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
        yield


@contextmanager
def _session(stage: Stage, statement: str) -> Iterator[None]:
    inside = ("exec", "-T", "--user", "postgres", "--env", f"PGAPPNAME={_NAME}", "postgres", *_PSQL)
    sql = f"BEGIN; {statement}; SELECT pg_sleep({_SECONDS})"
    null = subprocess.DEVNULL
    with subprocess.Popen(
        stage.project.command(*inside, sql), env=stage.project.variables, stdin=null, stdout=null, stderr=null
    ):
        try:
            yield
        finally:
            end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{_NAME}'"
            stage.project.compose("exec", "-T", "--user", "postgres", "postgres", *_PSQL, end)
