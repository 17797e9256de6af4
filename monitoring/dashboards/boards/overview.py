"""Service overview: whether the service is good for its users right now, and how much error budget is left."""

from monitoring.dashboards.board import Board, Row
from monitoring.dashboards.expressions import buckets, quantile, rate
from monitoring.dashboards.limits import NO_LIMIT, above, below
from monitoring.dashboards.panel import Kind, Panel, Query
from monitoring.dashboards.runbooks import history

_SLO_ALERTS = tuple(
    f"{name}{speed}" for name in ("Availability", "Latency", "JobFreshness") for speed in ("FastBurn", "SlowBurn")
)
_BURNT = "slo:errors_per_event:ratio_rate"
_ALLOWED = "(1 - slo:objective:ratio)"

_CALLS = 'route!~"/health/.*"'
_ANSWERED = rate("slipway_http_requests_total", "route", _CALLS)
_FAILED = rate("slipway_http_requests_total", "route", f'{_CALLS},status="5xx"')

_BUDGET = Row(
    "Objectives",
    (
        Panel(
            "Error budget left",
            "Above a half. 1 is the whole budget of 30 days; 0 and less: the objective is missed, so that reliability "
            "comes before features.",
            "percentunit",
            below(bad=0, good=0.5),
            (Query("slo:error_budget_remaining:ratio_rate30d", "{{slo}}"),),
            kind=Kind.NUMBER,
            alerts=_SLO_ALERTS,
            width=10,
        ),
        Panel(
            "Burn rate, over an hour",
            "Below 1: at that rate the budget lasts 30 days. At 14.4 two per cent of it burn in an hour: somebody is "
            "paged.",
            "none",
            above(warn=1, bad=14.4),
            (Query(f"{_BURNT}1h / {_ALLOWED}", "{{slo}}"),),
            width=7,
        ),
        Panel(
            "Burn rate, over five minutes",
            "Below 1. It says whether what burns in the panel beside it still does.",
            "none",
            above(warn=1, bad=14.4),
            (Query(f"{_BURNT}5m / {_ALLOWED}", "{{slo}}"),),
            width=7,
        ),
    ),
)

_ALERTS = Row(
    "Alerts",
    (
        Panel(
            "Now, by Alertmanager",
            "Empty. What is listed here has been sent to somebody, or is silenced.",
            "none",
            NO_LIMIT,
            (),
            kind=Kind.ALERTS,
            width=8,
        ),
        history("When they fired", 'alertname!="Watchdog",alertstate="firing"', width=16, height=8),
    ),
)

_REQUESTS = Row(
    "Requests",
    (
        Panel(
            "Requests by route",
            "Follows the traffic. A route that falls silent while clients are busy is a fault.",
            "reqps",
            NO_LIMIT,
            (
                Query(
                    rate("slipway_http_requests_total", "route, method", _CALLS),
                    "{{method}} {{route}}",
                ),
            ),
            alerts=("ApiDown",),
        ),
        Panel(
            "Errors by route",
            "Zero: the share of requests that were answered with 5xx. 0.1 % is what the objective allows.",
            "percentunit",
            above(warn=0.001, bad=0.01),
            (
                Query(
                    f"({_FAILED} or 0 * {_ANSWERED}) / {_ANSWERED}",
                    "{{route}}",
                ),
            ),
        ),
        Panel(
            "Latency by route, p95",
            "Below half a second where a person waits. The points are traces: the slow ones are worth a look.",
            "s",
            above(warn=0.5, bad=2),
            (
                Query(
                    quantile(0.95, "slipway_http_request_duration_seconds", "route", _CALLS),
                    "{{route}}",
                    exemplars=True,
                ),
            ),
        ),
        Panel(
            "Latency of all requests",
            "One dark band at the bottom. A second band is a second way through the code, and a slow one.",
            "s",
            NO_LIMIT,
            (
                Query(
                    buckets("slipway_http_request_duration_seconds", where=_CALLS),
                    "{{le}}",
                    exemplars=True,
                ),
            ),
            kind=Kind.HEATMAP,
        ),
        Panel(
            "Turned away",
            "Zero while the traffic is what you planned for. `overloaded`, `queue_full`: too much; `rate_limited`: one "
            "caller; `switched_off`: a kill switch; the others are the clients' own mistakes.",
            "reqps",
            NO_LIMIT,
            (Query(rate("slipway_requests_rejected_total", "reason"), "{{reason}}"),),
            alerts=("RequestsRefused",),
        ),
        Panel(
            "Requests in flight",
            "A few, by process; what the autoscaler goes by. It rises before the latency does. Level at its top while "
            "requests are turned away: there are too few processes.",
            "none",
            NO_LIMIT,
            (Query("sum by (instance) (slipway_http_requests_in_flight)", "{{instance}}"),),
        ),
        Panel(
            "Answers by status",
            "2xx. 4xx are the clients' own; a wave of them after a release is yours.",
            "reqps",
            NO_LIMIT,
            (Query(rate("slipway_http_requests_total", "status", _CALLS), "{{status}}"),),
            stacked=True,
        ),
    ),
)

BOARD = Board(
    "slipway-overview",
    "Service overview",
    "Is the service good for its users right now, and how much of the error budget is left?",
    (_BUDGET, _ALERTS, _REQUESTS),
)
