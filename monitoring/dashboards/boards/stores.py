"""Data stores: PostgreSQL, which has the truth; Redis, which may be lost; keys; audit; retention; and its review."""

from monitoring.dashboards.board import Board, Row
from monitoring.dashboards.expressions import quantile, rate
from monitoring.dashboards.limits import NO_LIMIT, above, below
from monitoring.dashboards.panel import Kind, Panel, Query

_POOLS = Row(
    "Our side of PostgreSQL",
    (
        Panel(
            "Pools in use",
            "Below 80 %. At 100 % transactions wait for a connection, and then fail.",
            "percentunit",
            above(warn=0.8, bad=1),
            (
                Query(
                    "sum by (job, role) (slipway_database_connections) / "
                    "sum by (job, role) (slipway_database_pool_connections)",
                    "{{job}} {{role}}",
                ),
            ),
            top=1,
            alerts=("DatabasePoolExhausted",),
        ),
        Panel(
            "Wait for a connection, p95",
            "A few milliseconds. More: the pool is too small, or PostgreSQL is slow to answer.",
            "s",
            above(warn=0.1, bad=1),
            (
                Query(
                    quantile(0.95, "slipway_database_wait_seconds", "role"),
                    "{{role}}",
                ),
            ),
        ),
        Panel(
            "Transactions that failed",
            "Zero. `timeout`: no connection became free in time; `outage`: the server is away or does not answer.",
            "ops",
            above(bad=0.01),
            (
                Query(
                    rate("slipway_database_failures_total", "role, reason"),
                    "{{role}} {{reason}}",
                ),
            ),
            alerts=("DatabaseUnreachable",),
        ),
    ),
)

_POSTGRES = Row(
    "PostgreSQL",
    (
        Panel(
            "PostgreSQL answers",
            "1.",
            "none",
            below(bad=1, good=1),
            (Query("pg_up", "up"),),
            kind=Kind.NUMBER,
            width=4,
            alerts=("PostgresDown",),
        ),
        Panel(
            "Connections of all that it allows",
            "Below 80 %. At 100 % nobody gets in, people with psql neither.",
            "percentunit",
            above(warn=0.8, bad=0.95),
            (Query("sum(pg_stat_database_numbackends) / max(pg_settings_max_connections)", "used"),),
            top=1,
            width=7,
        ),
        Panel(
            "Transactions",
            "Follows the jobs. Rollbacks are rare: a steady share is an error that nobody looks at.",
            "ops",
            NO_LIMIT,
            (
                Query(rate("pg_stat_database_xact_commit", where='datname="slipway"'), "committed"),
                Query(rate("pg_stat_database_xact_rollback", where='datname="slipway"'), "rolled back"),
            ),
            width=7,
        ),
        Panel(
            "Deadlocks",
            "Zero: locks are taken in one order.",
            "ops",
            above(bad=0.01),
            (Query(rate("pg_stat_database_deadlocks", "datname"), "{{datname}}"),),
            width=6,
        ),
        Panel(
            "Longest transaction",
            "Seconds. No transaction is open while a model runs: minutes are a fault, and keep vacuum from its work.",
            "s",
            above(warn=30, bad=300),
            (Query('max by (datname) (pg_stat_activity_max_tx_duration{datname!=""})', "{{datname}}"),),
        ),
        Panel(
            "Read from memory",
            "Above 99 %. Less: the queue no longer fits into shared buffers.",
            "percentunit",
            below(bad=0.9, good=0.99),
            (
                Query(
                    'sum(rate(pg_stat_database_blks_hit{datname="slipway"}[$__rate_interval])) / '
                    '(sum(rate(pg_stat_database_blks_hit{datname="slipway"}[$__rate_interval])) + '
                    'sum(rate(pg_stat_database_blks_read{datname="slipway"}[$__rate_interval])))',
                    "hits",
                ),
            ),
            top=1,
        ),
        Panel(
            "Size",
            "Grows with the jobs that are kept.",
            "bytes",
            NO_LIMIT,
            (Query('pg_database_size_bytes{datname!~"template.*"}', "{{datname}}"),),
        ),
    ),
)

_REDIS = Row(
    "Redis",
    (
        Panel(
            "Redis answers",
            "1. Without it jobs still advance, and rates are counted in each process alone.",
            "none",
            below(bad=1, good=1),
            (Query("redis_up", "up"),),
            kind=Kind.NUMBER,
            width=4,
            alerts=("RedisUnavailable",),
        ),
        Panel(
            "Our calls, p95",
            "Below 10 ms: each request waits for one of them.",
            "s",
            above(warn=0.01, bad=0.1),
            (
                Query(
                    quantile(0.95, "slipway_redis_duration_seconds", "purpose"),
                    "{{purpose}}",
                ),
            ),
            width=10,
        ),
        Panel(
            "Our calls that failed",
            "Zero.",
            "ops",
            above(bad=0.01),
            (Query(rate("slipway_redis_failures_total", "purpose"), "{{purpose}}"),),
            width=10,
            alerts=("RedisUnavailable",),
        ),
        Panel(
            "Memory",
            "Megabytes: it holds only what may be lost.",
            "bytes",
            NO_LIMIT,
            (Query("redis_memory_used_bytes", "used"), Query("redis_memory_max_bytes", "allowed")),
        ),
        Panel(
            "Clients",
            "A few for each process. A count that only rises: connections are leaked.",
            "none",
            above(warn=500, bad=5000),
            (Query("redis_connected_clients", "connected"),),
        ),
        Panel(
            "Commands",
            "About one a request, and a steady hum from Celery.",
            "ops",
            NO_LIMIT,
            (Query("rate(redis_commands_processed_total[$__rate_interval])", "commands"),),
        ),
    ),
)

_PROVIDER = Row(
    "Key provider",
    (
        Panel(
            "Calls by how they ended",
            "`succeeded` alone: two a minute and worker, and one a tenant and process each five minutes of use.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_key_provider_duration_seconds_count", "outcome"), "{{outcome}}"),),
            alerts=("KeyProviderFailing",),
        ),
        Panel(
            "Calls, p95",
            "Tens of milliseconds at a key management service. A first request of a tenant waits for it.",
            "s",
            above(warn=0.5, bad=2),
            (Query(quantile(0.95, "slipway_key_provider_duration_seconds", "job"), "{{job}}"),),
        ),
    ),
)

_AUDIT = Row(
    "Audit log",
    (
        Panel(
            "Entries sealed",
            "Follows the traffic: predictions are counted by caller and second.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_audit_entries_total"), "entries"),),
        ),
        Panel(
            "Age of the oldest unsealed entry",
            "Seconds. Unsealed entries could still be altered by somebody who owns the database.",
            "s",
            above(warn=10, bad=60),
            (Query("max(slipway_audit_unsealed_seconds)", "oldest"),),
            alerts=("AuditLogUnsealed",),
        ),
        Panel(
            "Runs of the sealer",
            "One `succeeded` a second. `failed`: read the log of the workers for `audit.`.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_audit_seals_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            "Age of the newest checkpoint",
            "Seconds. Without checkpoints, whoever owns the database could cut off seals with their entries.",
            "s",
            above(warn=45, bad=90),
            (Query("time() - max(slipway_audit_checkpoint_timestamp_seconds)", "newest"),),
            alerts=("AuditCheckpointLate",),
        ),
        Panel(
            "Runs of the checkpointer",
            "One worker writes, the others look. `failed`: read the log of the workers for `background.failed`.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_audit_checkpoints_total", "outcome"), "{{outcome}}"),),
        ),
    ),
)

_KEYS = Row(
    "Keys of the tenants",
    (
        Panel(
            "Age of the oldest tenant key",
            "Rises to `SLIPWAY_TENANT_KEY_DAYS` and falls when the key is replaced.",
            "s",
            NO_LIMIT,
            (Query("max(slipway_tenant_key_age_seconds)", "oldest"),),
        ),
        Panel(
            "Rotation overdue",
            "Zero, but for the minutes that a rotation takes: for how long a key should have been replaced, or its old "
            "version destroyed. `backup`: the old version waits for a backup of the keys, one a day.",
            "s",
            above(warn=3_600, bad=86_400),
            (Query("max by (reason) (slipway_key_rotation_overdue_seconds)", "{{reason}}"),),
            alerts=("KeyRotationOverdue",),
        ),
        Panel(
            "Rotations",
            "Two a tenant in each period: the key is replaced, and the old one destroyed. `failed`: read the log of "
            "the workers for `keys.`.",
            "none",
            NO_LIMIT,
            (Query("sum by (outcome) (increase(slipway_key_rotations_total[1h]))", "{{outcome}}"),),
        ),
    ),
)

_RETENTION = Row(
    "Retention",
    (
        Panel(
            "Beyond the limit",
            "Zero. Each run deletes what is too old and then measures: what is left could not be deleted.",
            "s",
            above(warn=3600, bad=6 * 3600),
            (Query("max by (store) (slipway_retention_overdue_seconds)", "{{store}}"),),
            alerts=("RetentionOverdue",),
        ),
        Panel(
            "Rows deleted",
            "Follows what came in as long ago as the limit is. All at once: somebody has lowered a limit.",
            "none",
            NO_LIMIT,
            (Query("sum by (store) (increase(slipway_retention_deleted_rows_total[1h]))", "{{store}}"),),
        ),
        Panel(
            "Since the last successful run",
            "A saw of an hour or two, for the kind of row and tenant where it is longest ago. It outlives restarts.",
            "s",
            above(warn=3 * 3600, bad=6 * 3600),
            (Query("min(slipway_retention_age_seconds)", "all workers"),),
            alerts=("RetentionOverdue",),
        ),
        Panel(
            "Runs",
            "One an hour in each worker, successful. Refused: the clocks of a machine and of the database differ.",
            "none",
            NO_LIMIT,
            (Query("sum by (outcome) (increase(slipway_retention_runs_total[1h]))", "{{outcome}}"),),
        ),
    ),
)

_ERASURE = Row(
    "Erasure",
    (
        Panel(
            "Beyond the deadline",
            "Zero. An erasure has five minutes, and takes seconds; one that a legal hold keeps does not count.",
            "s",
            above(bad=1),
            (Query("max(slipway_erasure_overdue_seconds)", "most overdue"),),
            alerts=("ErasureOverdue",),
        ),
        Panel(
            "Attempts",
            "One for each person; `held`: looked at again and again until the legal hold ends. `failed`: read the log "
            "of the workers for `erasure.failed`.",
            "none",
            NO_LIMIT,
            (Query("sum by (outcome) (increase(slipway_erasures_total[1h]))", "{{outcome}}"),),
        ),
    ),
)

_EXPORTS = Row(
    "Exports",
    (
        Panel(
            "Beyond the hour",
            "Zero. An export takes seconds, and has an hour.",
            "s",
            above(bad=1),
            (Query("max(slipway_export_overdue_seconds)", "most overdue"),),
            alerts=("ExportsFailing",),
        ),
        Panel(
            "Exports",
            "`ready` is all that should be there. `failed`: read the log of the workers for `export.failed`. `gone`: "
            "the person was erased meanwhile.",
            "none",
            NO_LIMIT,
            (Query("sum by (outcome) (increase(slipway_exports_total[1h]))", "{{outcome}}"),),
        ),
    ),
)

_REVIEW = Row(
    "Review of data handling",
    (
        Panel(
            "Findings",
            "Zero. `slipway privacy reviews` lists the reports.",
            "none",
            above(bad=1),
            (Query("max(slipway_privacy_review_findings)", "findings"),),
            alerts=("PrivacyReviewFindings",),
        ),
        Panel(
            "Since the newest review",
            "Days, at most as many as `SLIPWAY_PRIVACY_REVIEW_DAYS`.",
            "s",
            above(warn=11 * 86_400, bad=14 * 86_400),
            (Query("time() - max(slipway_privacy_review_timestamp_seconds)", "newest"),),
        ),
    ),
)

BOARD = Board(
    "slipway-stores",
    "Data stores",
    "PostgreSQL, which has the truth; Redis, which may be lost; keys; audit log; retention; erasure; exports; review.",
    (_POOLS, _POSTGRES, _REDIS, _PROVIDER, _KEYS, _AUDIT, _RETENTION, _ERASURE, _EXPORTS, _REVIEW),
)
