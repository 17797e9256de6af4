"""Every table, so that whoever needs the whole schema has imported it."""

from slipway.audit.models import audit_log, audit_seals
from slipway.erasure.models import tombstones
from slipway.exports.models import subject_export_parts, subject_exports
from slipway.idempotency.models import idempotency_keys
from slipway.jobs.models import job_chunks, job_items, jobs
from slipway.keys.models import subject_keys, tenant_index_keys, tenant_keys
from slipway.retention.models import retention_runs
from slipway.subjects.models import subject_requests, subjects
from slipway.tenants.models import api_keys, tenants
from slipway.webhooks.models import webhook_attempts, webhook_deliveries, webhook_endpoints, webhook_events

ALL_TABLES = (
    tenants,
    api_keys,
    tenant_keys,
    tenant_index_keys,
    subjects,
    subject_requests,
    tombstones,
    subject_keys,
    jobs,
    job_items,
    job_chunks,
    subject_exports,
    subject_export_parts,
    idempotency_keys,
    audit_log,
    audit_seals,
    webhook_endpoints,
    webhook_events,
    webhook_deliveries,
    webhook_attempts,
    retention_runs,
)
