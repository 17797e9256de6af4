"""Jobs: whether what was accepted gets done, in time, and its owners hear of it."""

from monitoring.dashboards.board import Board, Row
from monitoring.dashboards.expressions import quantile, rate
from monitoring.dashboards.limits import NO_LIMIT, above
from monitoring.dashboards.panel import Kind, Panel, Query

_NOW = Row(
    "Now",
    (
        Panel(
            "Oldest waiting chunk",
            "Below a minute: that is the freshness objective. More: too few workers, or none that works.",
            "s",
            above(warn=30, bad=60),
            (Query("max(slipway_job_oldest_waiting_seconds)", "age"),),
            kind=Kind.NUMBER,
            width=6,
            height=5,
            alerts=("JobFreshnessFastBurn", "JobFreshnessSlowBurn", "JobsStuck"),
        ),
        Panel(
            "Chunks",
            "Waiting falls to zero between bursts; running is at most what the workers take at once.",
            "none",
            NO_LIMIT,
            (Query("max by (state) (slipway_job_chunks)", "{{state}}"),),
            kind=Kind.NUMBER,
            width=6,
            height=5,
        ),
        Panel(
            "Dead letters",
            "Zero. Each is an input that was given up: look at it, mend the cause, and retry its job.",
            "none",
            above(warn=1, bad=100),
            (Query("max(slipway_job_dead_letters)", "inputs"),),
            kind=Kind.NUMBER,
            width=6,
            height=5,
            alerts=("DeadLetters",),
        ),
        Panel(
            "Workers that answer",
            "As many as were started.",
            "none",
            NO_LIMIT,
            (Query('sum(up{job="worker"})', "up"), Query('count(up{job="worker"})', "known")),
            kind=Kind.NUMBER,
            width=6,
            height=5,
            alerts=("WorkersDown",),
        ),
    ),
)

_QUEUE = Row(
    "Queue",
    (
        Panel(
            "Chunks that wait and run",
            "A saw: filled by jobs, emptied by workers. Waiting that only rises is a backlog.",
            "none",
            NO_LIMIT,
            (Query("max by (state) (slipway_job_chunks)", "{{state}}"),),
            alerts=("JobBacklogGrowing",),
        ),
        Panel(
            "Age of the oldest waiting chunk",
            "Below a minute. It rises by a second a second when nobody works at all.",
            "s",
            above(warn=30, bad=60),
            (Query("max(slipway_job_oldest_waiting_seconds)", "oldest"),),
        ),
        Panel(
            "Jobs accepted",
            "Follows your clients. Silence while they send: look at the API's refusals.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_jobs_accepted_total", "workload"), "{{workload}}"),),
        ),
    ),
)

_WORK = Row(
    "Work",
    (
        Panel(
            "Inputs finished",
            "`succeeded` while anything waits. Any `dead` needs a look.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_job_items_finished_total", "outcome"), "{{outcome}}"),),
            stacked=True,
        ),
        Panel(
            "What happens to chunks",
            "`claimed` and `finished` side by side. `lost`: workers die; `stale`: they stall; `given_back`: drain.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_job_chunks_handled_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            "Attempts of finished chunks",
            "One. A second attempt is a worker that died or stalled; a third is a message that harms its worker.",
            "none",
            NO_LIMIT,
            (Query("sum by (le) (increase(slipway_job_chunk_attempts_bucket[$__rate_interval]))", "{{le}}"),),
            kind=Kind.HEATMAP,
        ),
    ),
)

_AROUND = Row(
    "What keeps it going",
    (
        Panel(
            "Doorbells",
            "`rung` with each job. `failed` and `skipped`: Redis is away, and workers look by themselves every 3 s.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_doorbells_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            "Sweeps",
            "One `succeeded` every few seconds, for ever. None: nobody takes back what dead workers held.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_sweeps_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            "Open event streams",
            "As many as clients that watch a job. Each holds a connection of an API process.",
            "none",
            NO_LIMIT,
            (Query("sum by (instance) (slipway_job_watchers)", "{{instance}}"),),
        ),
    ),
)

_WEBHOOKS = Row(
    "Webhooks",
    (
        Panel(
            "Attempts to deliver",
            "`delivered`. `failed` is tried again later, `given_up` is not; `postponed` is a fault of ours.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_webhook_attempts_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            "Pending and overdue",
            "Pending falls to zero after each burst. Overdue rises when nobody sends.",
            "s",
            above(warn=30, bad=120),
            (Query("max(slipway_webhook_overdue_seconds)", "most overdue"),),
            alerts=("WebhooksOverdue",),
        ),
        Panel(
            "Deliveries that wait",
            "Zero between bursts. At an endpoint that fails they wait longer and longer, by design.",
            "none",
            NO_LIMIT,
            (Query("max(slipway_webhook_pending_deliveries)", "pending"),),
        ),
        Panel(
            "Time of a receiver's answer",
            "Far below the 15 seconds after which an attempt is given up.",
            "s",
            above(warn=2.5, bad=15),
            (
                Query(
                    quantile(0.95, "slipway_webhook_duration_seconds"),
                    "p95",
                ),
            ),
            empty="no webhook was sent in this time.",
            width=12,
        ),
        Panel(
            "Endpoints",
            "`broken` ones fail again and again, and get single trials; `disabled` ones were switched off.",
            "none",
            NO_LIMIT,
            (Query("max by (state) (slipway_webhook_endpoints)", "{{state}}"),),
            width=12,
            alerts=("WebhookEndpointsBroken",),
        ),
    ),
)

BOARD = Board(
    "slipway-jobs",
    "Jobs",
    "Does what was accepted get done, in time, and do its owners hear of it?",
    (_NOW, _QUEUE, _WORK, _AROUND, _WEBHOOKS),
)
