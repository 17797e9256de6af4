"""What each role may do with each table: the one declaration, which the migrations' result must equal.

The migrations grant, each what its tables need then; this says what has come of it, and `slipway.database.isolation`
compares the two on the live database. The owner of the tables is not listed: it runs the migrations and nothing else.
"""

from dataclasses import dataclass, fields, replace
from typing import Final

from slipway.database.bootstrap import APP_ROLE, SYSTEM_ROLE

EVERY_COLUMN: Final = ("*",)
"""A grant on the whole table: columns that are added later are in it as well."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a role may do with a table. What is not named is not granted: TRUNCATE, REFERENCES and TRIGGER never are."""

    select: tuple[str, ...] = ()
    insert: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()

    def privileges(self) -> frozenset[tuple[str, str]]:
        """Return pairs of a privilege, as PostgreSQL calls it, and a column, `*` for the whole table."""
        return frozenset((field.name.upper(), column) for field in fields(self) for column in getattr(self, field.name))


_READ = Grant(select=EVERY_COLUMN)
_ADD = Grant(select=EVERY_COLUMN, insert=EVERY_COLUMN)
_ADD_AND_CHANGE = Grant(select=EVERY_COLUMN, insert=EVERY_COLUMN, update=EVERY_COLUMN)
_ADD_AND_REMOVE = Grant(select=EVERY_COLUMN, insert=EVERY_COLUMN, delete=EVERY_COLUMN)
_ALL = Grant(EVERY_COLUMN, EVERY_COLUMN, EVERY_COLUMN, EVERY_COLUMN)

_APP: dict[str, Grant] = {
    "alembic_version": _READ,
    "tenants": _ADD,
    "api_keys": _ALL,
    "tenant_keys": Grant(
        EVERY_COLUMN,
        EVERY_COLUMN,
        ("wrapped", "retired_at", "emptied_at", "destroyed_at", "rewrapped_at", "backed_up_at"),
    ),
    "tenant_index_keys": Grant(EVERY_COLUMN, EVERY_COLUMN, ("wrapped", "wrapped_by")),
    "subjects": replace(_ADD_AND_REMOVE, update=("hold_until", "hold_reason", "restricted_at", "objected_at")),
    "subject_requests": Grant(
        EVERY_COLUMN,
        EVERY_COLUMN,
        (
            *("state", "lease_until", "token", "attempts"),
            *("finished_at", "receipt", "receipt_signature", "key_id"),
        ),
    ),
    "tombstones": Grant(
        EVERY_COLUMN, EVERY_COLUMN, ("line", "first_version", "key_version", "removed", "erased_at", "told_at")
    ),
    "subject_keys": replace(_ADD_AND_REMOVE, update=("wrapped", "wrapped_by")),
    "jobs": _ALL,
    "job_items": _ALL,
    "job_chunks": _ALL,
    "subject_exports": Grant(
        EVERY_COLUMN, EVERY_COLUMN, ("position", "parts", "records", "data_bytes", "finished_at"), EVERY_COLUMN
    ),
    "subject_export_parts": Grant(EVERY_COLUMN, EVERY_COLUMN, delete=EVERY_COLUMN),
    "idempotency_keys": _ALL,
    # The rest of a row, its time and transaction above all, is the server's word.
    "audit_log": Grant(EVERY_COLUMN, insert=("tenant_id", "actor", "action", "resource", "detail", "trace_id")),
    "audit_seals": _ADD,
    "webhook_endpoints": _ALL,
    # Whoever may lock a row needs to be able to update some column of it.
    "webhook_events": replace(_ADD_AND_REMOVE, update=("created_at",)),
    "webhook_deliveries": _ADD_AND_CHANGE,
    "webhook_attempts": _ADD,
    "retention_runs": _ADD_AND_CHANGE,
}

# It looks across tenants: queue metadata and key hashes; nothing sealed, no pseudonym, no wrapped key, no detail.
_SYSTEM: dict[str, Grant] = {
    "alembic_version": _READ,
    "tenants": Grant(("id", "name")),
    "api_keys": Grant(("id", "tenant_id", "hash", "scopes", "expires_at", "revoked_at"), update=("last_used_at",)),
    "tenant_keys": Grant(
        (
            *("tenant_id", "version", "created_at", "retired_at", "emptied_at", "destroyed_at"),
            *("rewrapped_at", "backed_up_at"),
        )
    ),
    "subjects": Grant(("tenant_id", "restricted_at", "objected_at")),
    "subject_requests": Grant(
        ("id", "tenant_id", "kind", "state", "created_at", "deadline", "lease_until", "token", "attempts"),
        update=("state", "lease_until", "token", "attempts"),
    ),
    "tombstones": Grant(("tenant_id", "subject_id", "line", "key_version", "erased_at", "told_at")),
    "jobs": Grant(
        (
            *("id", "tenant_id", "workload", "state", "priority", "revision", "dead"),
            *("created_at", "touched_at", "started_at", "traceparent"),
        ),
        update=("state", "started_at", "revision"),
    ),
    "job_chunks": Grant(EVERY_COLUMN, update=EVERY_COLUMN),
    "idempotency_keys": Grant(("tenant_id", "key", "created_at"), delete=EVERY_COLUMN),
    "audit_log": Grant(("tenant_id", "xid", "at")),
    "audit_seals": Grant(("tenant_id", "sequence", "upto_xid")),
    "webhook_endpoints": Grant(("id", "tenant_id", "enabled", "broken_until")),
    "webhook_deliveries": Grant(EVERY_COLUMN, update=("state", "attempts", "token", "lease_until")),
    "webhook_events": Grant(("id", "tenant_id", "created_at"), delete=EVERY_COLUMN),
    "retention_runs": _READ,
}

GRANTS: dict[str, dict[str, Grant]] = {APP_ROLE: _APP, SYSTEM_ROLE: _SYSTEM}
"""By role, then by table. Every table of the system role but `alembic_version` has a policy `system` as well."""
