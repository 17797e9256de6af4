"""Inference and model health: whether the model is fast, fed well, and answers as it did."""

from monitoring.dashboards.board import Board, Row
from monitoring.dashboards.expressions import buckets, quantile, rate, ratio, share
from monitoring.dashboards.limits import NO_LIMIT, above
from monitoring.dashboards.panel import Kind, Panel, Query

_WORKLOAD = 'workload=~"$workload"'

_THROUGHPUT = Row(
    "Throughput",
    (
        Panel(
            "Inputs through the model",
            "Follows the traffic. `sync` are requests, `job` are chunks of jobs. Flat at its top while inputs wait: "
            "the model is the bottleneck.",
            "ops",
            NO_LIMIT,
            (
                Query(
                    rate("slipway_inputs_predicted_total", "channel", 'workload=~"$workload",outcome="succeeded"'),
                    "{{channel}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Inputs without an answer",
            "Zero. `failed`: the workload refused the input; `error`: the model raised; `timeout`: it took too long.",
            "percentunit",
            above(warn=0.01, bad=0.05),
            (
                Query(
                    share(
                        "slipway_inputs_predicted_total",
                        "outcome",
                        where='workload=~"$workload",outcome!="succeeded"',
                        of=_WORKLOAD,
                    ),
                    "{{outcome}}",
                ),
            ),
            empty="no input has failed since the processes started.",
        ),
        Panel(
            "Inputs refused for a person",
            "Persons whose processing is restricted, or who object to it. It goes on until their inputs are no longer "
            "sent, or nothing stands against them any more.",
            "ops",
            NO_LIMIT,
            (Query(rate("slipway_inputs_refused_total", "reason", 'workload=~"$workload"'), "{{reason}}"),),
            stacked=True,
            empty="nobody was restricted or has objected since the processes started.",
        ),
        Panel(
            "Model in service",
            "One model a workload. Two for longer than a rollout: processes disagree on what they serve.",
            "none",
            NO_LIMIT,
            (
                Query(
                    'count by (workload, model) (slipway_model_info{workload=~"$workload"})', "{{workload}}: {{model}}"
                ),
            ),
            kind=Kind.NUMBER,
        ),
    ),
)

_BATCHER = Row(
    "Batcher",
    (
        Panel(
            "Inputs that wait for the model",
            "Near zero, with short peaks. What stays high means that more comes than the model can take.",
            "none",
            NO_LIMIT,
            (Query('slipway_batch_queue_inputs{workload=~"$workload"}', "{{job}} {{instance}}"),),
        ),
        Panel(
            "Wait for the model",
            "Below half a second: the latency objective holds. Above it requests are refused with 503, by design. p50 "
            "and p99 are what inputs have waited, the others what one that comes now would wait.",
            "s",
            above(warn=0.25, bad=0.5),
            (
                Query('slipway_batch_queue_wait_seconds{workload=~"$workload"}', "{{job}} {{instance}}"),
                *(
                    Query(quantile(q, "slipway_batch_wait_seconds", where=_WORKLOAD), f"p{q * 100:.0f}")
                    for q in (0.5, 0.99)
                ),
            ),
            alerts=("RequestsRefused",),
        ),
        Panel(
            "Batch sizes",
            "Ones while it is quiet, larger under load: that is what the batcher is for. Ones under load mean that "
            "requests do not meet.",
            "none",
            NO_LIMIT,
            (
                Query(
                    buckets("slipway_batch_size_inputs", where=_WORKLOAD),
                    "{{le}}",
                ),
            ),
            kind=Kind.HEATMAP,
        ),
    ),
)

_MODEL = Row(
    "Model",
    (
        Panel(
            "Time of a call of the model",
            "One band that stays where it is. It rises with the batch size; at equal sizes a rise means less CPU. "
            "The points are traces.",
            "s",
            NO_LIMIT,
            (
                Query(
                    buckets("slipway_model_duration_seconds", where=_WORKLOAD),
                    "{{le}}",
                    exemplars=True,
                ),
            ),
            kind=Kind.HEATMAP,
        ),
        Panel(
            "Time of a call, quantiles",
            "p99 within a few times of p50. A p99 that runs away while p50 stays: single inputs are expensive.",
            "s",
            above(warn=1, bad=5),
            tuple(
                Query(quantile(q, "slipway_model_duration_seconds", "job", _WORKLOAD), f"{{{{job}}}} p{q * 100:.0f}")
                for q in (0.5, 0.99)
            ),
        ),
        Panel(
            "Calls that hang",
            "Zero. A call that hangs cannot be stopped; at three the process ends, and is started anew.",
            "none",
            above(warn=1, bad=3),
            (Query('slipway_model_hanging_calls{workload=~"$workload"}', "{{job}} {{instance}}"),),
            alerts=("ModelHanging",),
        ),
    ),
)

_ANSWERS = Row(
    "Answers",
    (
        Panel(
            "Drift against the training reference",
            "Below 0.1: nothing has changed. Above 0.25: the messages are no longer those that the model was trained "
            "on, or the model is. 0 also while there are too few answers to tell.",
            "none",
            above(warn=0.1, bad=0.25),
            (
                Query(
                    'max by (workload, distribution) (slipway_output_drift_index{workload=~"$workload"})',
                    "{{workload}} {{distribution}}",
                ),
            ),
            alerts=("ModelDrift",),
        ),
        Panel(
            "Answers left to a person",
            "A steady share. A rise means harder messages, or a model that knows less than it did.",
            "percentunit",
            above(warn=0.5, bad=0.8),
            (
                Query(
                    ratio("slipway_outputs_deferred_total", "slipway_outputs_total", "workload", _WORKLOAD),
                    "{{workload}}",
                ),
            ),
            top=1,
            alerts=("ManyAnswersDeferred",),
        ),
        Panel(
            "Labels",
            "The mixture that your users send. A label that vanishes or takes over is drift that you can see.",
            "percentunit",
            NO_LIMIT,
            (
                Query(
                    share("slipway_outputs_total", "label", where=_WORKLOAD, of=_WORKLOAD),
                    "{{label}}",
                ),
            ),
            stacked=True,
            top=1,
        ),
        Panel(
            "Scores",
            "How sure the model is. A band that sinks says that it has begun to guess.",
            "percentunit",
            NO_LIMIT,
            (
                Query(
                    buckets("slipway_output_score_ratio", where=_WORKLOAD),
                    "{{le}}",
                ),
            ),
            kind=Kind.HEATMAP,
            width=12,
        ),
        Panel(
            "Variants that answer",
            "The shares that the flag server was told to give. Another share means clients on old flags.",
            "ops",
            NO_LIMIT,
            (
                Query(
                    rate("slipway_flag_variants_total", "flag, variant"),
                    "{{flag}}: {{variant}}",
                ),
            ),
            stacked=True,
            empty="no flag has had variants in this time.",
            width=12,
        ),
    ),
)

BOARD = Board(
    "slipway-inference",
    "Inference and model health",
    "Is the model fast enough, is it fed well, and are its answers still what they were?",
    (_THROUGHPUT, _BATCHER, _MODEL, _ANSWERS),
    variables=(("workload", "slipway_model_info"),),
)
