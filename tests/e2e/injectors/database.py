"""What goes wrong in PostgreSQL: sessions that hold up others, rows that stay, rights that nobody declared."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from e2e.failure import UnmetError
from e2e.stage import Stage

_NAME = "e2e-fault"
_SECONDS = 600
_FORGED = "00000000-0000-4000-8000-00000000f06e"
_PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--dbname", "slipway", "--command")


_LATE = "00000000-0000-4000-8000-00000000e2e1"
_LATE_PERSON = f"""
INSERT INTO subjects (id, tenant_id) SELECT '{_LATE}', id FROM tenants WHERE id <> '{_FORGED}' LIMIT 1
"""
# Its lease leaves time for the lock to be taken.
_LATE_ERASURE = f"""
INSERT INTO subject_requests (tenant_id, kind, subject_id, requested_by, deadline, lease_until)
SELECT tenant_id, 'erasure', id, 'e2e', now() - interval '1 hour', now() + interval '5 s'
FROM subjects WHERE id = '{_LATE}'
"""
_LATE_EXPORT = f"""
INSERT INTO subject_requests (tenant_id, kind, state, subject_id, requested_by, deadline, lease_until)
SELECT id, 'export', 'running', gen_random_uuid(), 'e2e', now() - interval '1 hour', now() + interval '1 day'
FROM tenants WHERE id <> '{_FORGED}' LIMIT 1
"""
_OLD_JOB = """
INSERT INTO jobs (id, tenant_id, workload, state, priority, created_by, created_at, touched_at, finished_at)
SELECT gen_random_uuid(), id, 'triage', 'completed', 5, 'e2e', at, at, at
FROM tenants, (SELECT now() - interval '10 years' AS at) old LIMIT 1
"""
_FORGET_RUNS = "DELETE FROM retention_runs"
"""A worker runs the retention when it starts, unless another has just done so."""


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
def forge_key(stage: Stage) -> Iterator[None]:
    """Add a tenant whose key is old, and does not open, so that it cannot be rotated."""
    _run(
        stage,
        f"INSERT INTO tenants (id, name) VALUES ('{_FORGED}', 'forged');"
        " INSERT INTO tenant_keys (tenant_id, version, provider, wrapped, created_at)"
        f" VALUES ('{_FORGED}', 1, 'nobody', 'nonsense', now() - interval '20 years');"
        " INSERT INTO tenant_index_keys (tenant_id, wrapped_by, wrapped, created_at)"
        f" VALUES ('{_FORGED}', 1, 'nonsense', now() - interval '20 years')",
    )
    try:
        yield
    finally:
        _run(stage, f"DELETE FROM tenants WHERE id = '{_FORGED}'")


@contextmanager
def grant_too_much(stage: Stage) -> Iterator[None]:
    """Let everybody read a table, and a review find it."""
    _run(stage, "GRANT SELECT ON tenants TO PUBLIC")
    try:
        _review(stage)
        yield
    finally:
        _run(stage, "REVOKE SELECT ON tenants FROM PUBLIC")
        _review(stage)


def _review(stage: Stage) -> None:
    with suppress(UnmetError):  # it ends with 1 where it finds something
        stage.project.compose("run", "--rm", "-T", "cli", "privacy", "review", "--json")
    # A worker tells of the newest review when it starts.
    stage.project.compose("restart", "--timeout", "30", "worker")


@contextmanager
def keep_old_row(stage: Stage) -> Iterator[None]:
    """Leave a job there that is beyond its limit, locked, so that no run of the retention deletes it."""
    _run(stage, _OLD_JOB)
    try:
        with _session(stage, "SELECT 1 FROM jobs WHERE created_by = 'e2e' FOR UPDATE"):
            _run(stage, _FORGET_RUNS)
            stage.project.compose("restart", "--timeout", "30", "worker")
            yield
    finally:
        _run(stage, _FORGET_RUNS)
        stage.project.compose("restart", "--timeout", "30", "worker")


@contextmanager
def block_erasure(stage: Stage) -> Iterator[None]:
    """Leave somebody there who should have been erased an hour ago, locked; when the lock is gone, they are erased."""
    _run(stage, _LATE_PERSON)
    with _session(stage, f"SELECT 1 FROM subjects WHERE id = '{_LATE}' FOR UPDATE"):
        _run(stage, _LATE_ERASURE)
        yield


@contextmanager
def keep_export_waiting(stage: Stage) -> Iterator[None]:
    """Leave an export that should have been ready an hour ago to a worker that is not there; then it is given up."""
    _run(stage, _LATE_EXPORT)
    try:
        yield
    finally:
        _run(stage, "UPDATE subject_requests SET lease_until = NULL WHERE requested_by = 'e2e' AND kind = 'export'")


def _run(stage: Stage, statements: str) -> None:
    stage.project.compose("exec", "-T", "--user", "postgres", "postgres", *_PSQL, statements)


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
            _run(stage, end)
