"""The platform around the service: gateway, processes, flags, and the telemetry itself."""

from monitoring.dashboards.board import Board, Row
from monitoring.dashboards.expressions import quantile, rate
from monitoring.dashboards.limits import NO_LIMIT, above, below
from monitoring.dashboards.panel import Kind, Panel, Query

_GATEWAY = Row(
    "Gateway",
    (
        Panel(
            "Requests by status",
            "Follows the traffic; 5xx are zero. More 5xx here than the API counts: the API was not reached.",
            "reqps",
            NO_LIMIT,
            (
                Query(
                    rate("traefik_entrypoint_requests_total", "entrypoint, code"),
                    "{{entrypoint}} {{code}}",
                ),
            ),
            stacked=True,
            alerts=("GatewayDown",),
            width=6,
        ),
        Panel(
            "Latency at the gateway, p95",
            "A few milliseconds above the API's own: the difference is TLS and the way between.",
            "s",
            above(warn=0.5, bad=2),
            (
                Query(
                    quantile(0.95, "traefik_service_request_duration_seconds", "service"),
                    "{{service}}",
                ),
            ),
            width=6,
        ),
        Panel(
            "API processes that take requests",
            "All green. Red: the gateway sends nothing there, as its readiness probe fails.",
            "none",
            below(bad=1, good=1),
            (Query('min by (url) (traefik_service_server_up{service=~"api@.+"})', "{{url}}"),),
            kind=Kind.STATES,
            alerts=("ApiReplicaDown",),
            width=6,
        ),
        Panel(
            "Certificate lasts",
            "More than two weeks.",
            "s",
            below(bad=7 * 86400, good=14 * 86400),
            (Query("max by (cn) (traefik_tls_certs_not_after) - time()", "{{cn}}"),),
            kind=Kind.NUMBER,
            width=6,
            alerts=("CertificateExpiryNear", "CertificateExpiryImminent"),
        ),
    ),
)

_PROCESSES = Row(
    "Processes",
    (
        Panel(
            "Who answers Prometheus",
            "All green. Red: the process is down, or Prometheus cannot reach its metrics.",
            "none",
            below(bad=1, good=1),
            (Query("up", "{{job}} {{instance}}"),),
            kind=Kind.STATES,
            width=12,
            height=10,
            alerts=("TargetDown",),
        ),
        Panel(
            "Build",
            "One version, but for minutes of a rollout.",
            "none",
            NO_LIMIT,
            (Query("count by (version, python) (slipway_build_info)", "{{version}} on Python {{python}}"),),
            kind=Kind.NUMBER,
            width=5,
            height=10,
        ),
        Panel(
            "Starts in a quarter of an hour",
            "Zero, or one after a release. Three: the process dies again and again.",
            "none",
            above(warn=2, bad=3),
            (
                Query(
                    'changes(process_start_time_seconds{job=~"api|worker|scheduler"}[15m])',
                    "{{job}} {{instance}}",
                ),
            ),
            width=7,
            height=10,
            alerts=("ProcessRestarting",),
        ),
        Panel(
            "CPU",
            "Below one core a process: inference has threads of its own, so that the API may take more under load.",
            "none",
            NO_LIMIT,
            (
                Query(
                    rate("process_cpu_seconds_total", "job, instance", 'job=~"api|worker|scheduler"'),
                    "{{job}} {{instance}}",
                ),
            ),
            width=6,
        ),
        Panel(
            "Memory",
            "Flat after the model is loaded. A line that only rises is a leak, and ends at the container's limit.",
            "bytes",
            NO_LIMIT,
            (
                Query(
                    'process_resident_memory_bytes{job=~"api|worker|scheduler"}',
                    "{{job}} {{instance}}",
                ),
            ),
            width=6,
        ),
        Panel(
            "Open files of all allowed",
            "Below a half. Each connection is one.",
            "percentunit",
            above(warn=0.5, bad=0.9),
            (
                Query(
                    'process_open_fds{job=~"api|worker|scheduler"} / process_max_fds',
                    "{{job}} {{instance}}",
                ),
            ),
            width=6,
        ),
        Panel(
            "Garbage collections",
            "A few a second. Full collections (generation 2) are rare, as each stops the process for a moment.",
            "ops",
            NO_LIMIT,
            (
                Query(
                    rate("python_gc_collections_total", "job, generation", 'job=~"api|worker|scheduler"'),
                    "{{job}} generation {{generation}}",
                ),
            ),
            width=6,
        ),
    ),
)

_FLAGS = Row(
    "Flags",
    (
        Panel(
            "State",
            "Green is on. A kill switch that is off is red, and somebody knows why.",
            "none",
            below(bad=1, good=1),
            (Query("min by (flag) (slipway_flag_state)", "{{flag}}"),),
            kind=Kind.STATES,
        ),
        Panel(
            "Since the flag server answered",
            "Below 30 s: it is asked every 15 s. While it is away the last answers hold. -1: it never has answered.",
            "s",
            above(warn=30, bad=300),
            (Query("max by (job) (slipway_flags_age_seconds)", "{{job}}"),),
            alerts=("FlagsStale",),
        ),
        Panel(
            "Answers by declared default",
            "Zero. Neither server nor bootstrap file knew the flag: it is spelled wrong, or was never declared there.",
            "ops",
            above(bad=0.01),
            (Query(rate("slipway_flags_fallback_total", "flag"), "{{flag}}"),),
            empty="every flag was known since the processes started.",
        ),
    ),
)

_LOGS = Row(
    "Logs and traces",
    (
        Panel(
            "Log lines through the collector",
            "In and out side by side. Out below in: lines wait in the queue on disk; they are not lost.",
            "ops",
            NO_LIMIT,
            (
                Query(rate("otelcol_receiver_accepted_log_records"), "in"),
                Query(rate("otelcol_exporter_sent_log_records"), "out"),
            ),
            alerts=("LogsNotDelivered",),
        ),
        Panel(
            "Spans through the collector",
            "Fewer out than in: tail sampling keeps errors, slow requests and a share of the rest.",
            "ops",
            NO_LIMIT,
            (
                Query(rate("otelcol_receiver_accepted_spans"), "in"),
                Query(rate("otelcol_exporter_sent_spans"), "out"),
            ),
            alerts=("TracesNotDelivered",),
        ),
        Panel(
            "Queues of the collector",
            "Empty. A queue that fills: Elasticsearch or Jaeger is away, or too slow.",
            "percentunit",
            above(warn=0.5, bad=0.9),
            (
                Query(
                    "max by (exporter, data_type) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)",
                    "{{exporter}} {{data_type}}",
                ),
            ),
            top=1,
        ),
        Panel(
            "Refused by the collector",
            "Zero. Whoever sends tries again, and keeps it in memory meanwhile.",
            "ops",
            above(bad=0.01),
            (
                Query(rate("otelcol_receiver_refused_log_records"), "log lines"),
                Query(rate("otelcol_receiver_refused_spans"), "spans"),
            ),
        ),
        Panel(
            "Old log indices deleted",
            "One `deleted` a day, once the first is old enough. `failed`: Elasticsearch will fill its disk.",
            "none",
            NO_LIMIT,
            (Query("sum by (outcome) (increase(slipway_log_indices_deleted_total[1d]))", "{{outcome}}"),),
            alerts=("LogRetentionFailing",),
        ),
        Panel(
            "Memory of the collector",
            "Below its limit; it refuses before it would be killed.",
            "bytes",
            NO_LIMIT,
            (Query("otelcol_process_memory_rss", "resident"),),
        ),
    ),
)

_PROMETHEUS = Row(
    "Prometheus and Alertmanager",
    (
        Panel(
            "Series",
            "Flat. Label values are few by construction; a line that only rises says that one is not.",
            "short",
            above(warn=200_000, bad=1_000_000),
            (Query("prometheus_tsdb_head_series", "series"),),
            width=6,
        ),
        Panel(
            "Scrapes take",
            "Far below the scrape interval.",
            "s",
            above(warn=2, bad=10),
            (Query("max by (job) (scrape_duration_seconds)", "{{job}}"),),
            width=6,
        ),
        Panel(
            "Rules that fail",
            "Zero. A rule that fails is an alert that cannot fire.",
            "ops",
            above(bad=0.001),
            (Query(rate("prometheus_rule_evaluation_failures_total"), "failures"),),
            width=6,
            alerts=("RulesFailing",),
        ),
        Panel(
            "Notifications",
            "`failed` is zero: a notification that fails is an alert that nobody hears.",
            "ops",
            NO_LIMIT,
            (
                Query(rate("alertmanager_notifications_total"), "sent"),
                Query(rate("alertmanager_notifications_failed_total"), "failed"),
            ),
            width=6,
            alerts=("NotificationsFailing", "Watchdog"),
        ),
    ),
)

BOARD = Board(
    "slipway-platform",
    "Platform and telemetry",
    "The gateway, the processes, the flags, and whether the telemetry itself can be believed.",
    (_GATEWAY, _PROCESSES, _FLAGS, _LOGS, _PROMETHEUS),
)
