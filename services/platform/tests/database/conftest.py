"""Fixtures of the database's tests."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from slipway.database import Database
from slipway.settings import Settings

_WEBHOOK = (
    "INSERT INTO webhook_endpoints (id, tenant_id, url, secret, events, created_by)"
    " VALUES (%(t)s, %(t)s, 'u', 's', '{}', '')"
)
_REQUEST = (
    "INSERT INTO subject_requests (tenant_id, kind, subject_id, requested_by, deadline)"
    " VALUES (%(t)s, 'erasure', %(t)s, 'k', now())"
)
_EXPORT = (
    "INSERT INTO subject_exports (id, tenant_id, subject_id, recipient)"
    " SELECT id, tenant_id, subject_id, 'r' FROM subject_requests WHERE tenant_id = %(t)s"
)
_EXPORT_PART = (
    "INSERT INTO subject_export_parts (export_id, number, tenant_id, subject_id, content)"
    " SELECT id, 0, tenant_id, subject_id, 'c' FROM subject_exports WHERE tenant_id = %(t)s"
)
_ROWS = (
    "INSERT INTO tenants (id, name) VALUES (%(t)s, %(t)s::text)",
    "INSERT INTO api_keys (id, tenant_id, name, hash, scopes) VALUES (%(t)s::text, %(t)s, 'k', 'h', '{}')",
    "INSERT INTO tenant_keys (tenant_id, version, provider, wrapped) VALUES (%(t)s, 1, 'p', 'w')",
    "INSERT INTO tenant_index_keys (tenant_id, wrapped_by, wrapped) VALUES (%(t)s, 1, 'w')",
    "INSERT INTO subjects (id, tenant_id) VALUES (%(t)s, %(t)s)",
    _REQUEST,
    "INSERT INTO tombstones (tenant_id, subject_id) VALUES (%(t)s, %(t)s)",
    "INSERT INTO subject_keys (subject_id, version, tenant_id, wrapped) VALUES (%(t)s, 1, %(t)s, 'w')",
    "INSERT INTO jobs (id, tenant_id, workload, state, priority, created_by) SELECT %(t)s, %(t)s, 'w', 'queued', 5, ''",
    "INSERT INTO job_items (job_id, ordinal, tenant_id, subject_id, input) VALUES (%(t)s, 0, %(t)s, %(t)s, 'i')",
    "INSERT INTO job_chunks (job_id, tenant_id, workload, priority, first, last) VALUES (%(t)s, %(t)s, 'w', 5, 0, 0)",
    _EXPORT,
    _EXPORT_PART,
    "INSERT INTO idempotency_keys (tenant_id, key, owner, locked_until) VALUES (%(t)s, 'k', %(t)s, now())",
    "INSERT INTO audit_log (tenant_id, actor, action, resource) VALUES (%(t)s, 'a', 'a', 'r')",
    "INSERT INTO audit_seals VALUES (%(t)s, 1, '1', 1, 'd', 's', 'k', now())",
    _WEBHOOK,
    "INSERT INTO webhook_events (id, tenant_id, type, payload) VALUES (%(t)s::text, %(t)s, 't', '{}')",
    "INSERT INTO webhook_deliveries (id, tenant_id, endpoint_id, event_id) VALUES (%(t)s, %(t)s, %(t)s, %(t)s::text)",
    "INSERT INTO webhook_attempts (tenant_id, delivery_id, outcome) VALUES (%(t)s, %(t)s, 'failed')",
    "INSERT INTO retention_runs (tenant_id, store, succeeded_at) VALUES (%(t)s, 'jobs', now())",
)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The pools of a process."""
    database = Database(settings)
    yield database
    await database.close()


@pytest.fixture
async def two_tenants(superuser: Any, settings: Settings) -> list[UUID]:
    """Two tenants, each with one row in every table."""
    tenants = [uuid4(), uuid4()]
    for tenant in tenants:
        for statement in _ROWS:
            await superuser.execute(statement, {"t": tenant})
    return tenants
