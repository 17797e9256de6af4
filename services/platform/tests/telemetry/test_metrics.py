import ast
import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import format_trace_id
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as PrometheusHistogram
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from slipway.telemetry import catalogue
from slipway.telemetry.metric import MAX_OPEN_VALUES, OTHER, Counter, Gauge, Histogram, Label, Metric
from slipway.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[4]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_metrics_follow_the_conventions_of_prometheus() -> None:
    metrics = catalogue.catalogue()
    assert len(metrics) > 20
    assert len({metric.name for metric in metrics}) == len(metrics)
    for metric in metrics:
        assert metric.name.endswith("_total") == isinstance(metric, Counter), metric.name
        assert metric.help.endswith("."), metric.name
        if isinstance(metric, Histogram):
            assert metric.buckets == tuple(sorted(set(metric.buckets))), metric.name


def test_every_metric_is_served_under_the_name_in_the_catalogue(metrics: Metrics) -> None:
    for metric in catalogue.catalogue():
        labels = {label.name: "x" for label in metric.labels}
        match metric:
            case Counter():
                metrics.inc(metric, **labels)
            case Gauge():
                metrics.set(metric, 1, **labels)
            case Histogram():
                metrics.observe(metric, 1, **labels)
    page = generate_latest(metrics.registry).decode()
    for metric in catalogue.catalogue():
        suffix = "_count" if isinstance(metric, Histogram) else ""
        brace = "{" if metric.labels else " "
        assert f"\n{metric.name}{suffix}{brace}" in page


def test_a_counter_counts_by_label(metrics: Metrics) -> None:
    metrics.inc(catalogue.HTTP_REQUESTS, route="/v1/jobs", method="POST", status="2xx")
    metrics.inc(catalogue.HTTP_REQUESTS, 2, route="/v1/jobs", method="POST", status="2xx")
    assert value(metrics, "slipway_http_requests_total", route="/v1/jobs", method="POST", status="2xx") == 3


def test_a_histogram_puts_an_observation_into_its_bucket(metrics: Metrics) -> None:
    metrics.observe(catalogue.BATCH_SIZE, 3, workload="triage")
    assert value(metrics, "slipway_batch_size_inputs_bucket", workload="triage", le="2.0") == 0
    assert value(metrics, "slipway_batch_size_inputs_bucket", workload="triage", le="4.0") == 1


def test_the_order_of_labels_makes_no_difference(metrics: Metrics) -> None:
    for _ in range(2):
        metrics.inc(catalogue.HTTP_REQUESTS, route="POST", method="GET", status="2xx")
        metrics.inc(catalogue.HTTP_REQUESTS, status="2xx", method="GET", route="POST")
    assert value(metrics, "slipway_http_requests_total", route="POST", method="GET", status="2xx") == 4


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(width=32), st.sampled_from(catalogue.BATCH_WAIT.buckets)), max_size=40))
def test_observations_are_in_the_buckets_where_the_library_puts_them(values: list[float]) -> None:
    one_by_one, at_once, library = Metrics(CollectorRegistry()), Metrics(CollectorRegistry()), CollectorRegistry()
    spec = catalogue.BATCH_WAIT
    reference = PrometheusHistogram(spec.name, spec.help, ["workload"], registry=library, buckets=spec.buckets)
    for each in values:
        one_by_one.observe(spec, each, workload="triage")
        reference.labels("triage").observe(each)
    at_once.observe_all(spec, values, workload="triage")
    if values:
        assert len(buckets(library)) == len(spec.buckets) + 1
        assert buckets(one_by_one.registry) == buckets(at_once.registry) == buckets(library)


def buckets(registry: CollectorRegistry) -> list[str]:
    page = generate_latest(registry).decode().splitlines()
    return [line for line in page if line.startswith("slipway_batch_wait_seconds_bucket")]


def test_the_sum_of_observations_is_kept(metrics: Metrics) -> None:
    metrics.observe_all(catalogue.BATCH_WAIT, [0.25, 0.5], workload="triage")
    metrics.observe_all(catalogue.BATCH_WAIT, [], workload="triage")
    metrics.observe(catalogue.BATCH_WAIT, 4, workload="triage")
    assert value(metrics, "slipway_batch_wait_seconds_sum", workload="triage") == 4.75
    assert value(metrics, "slipway_batch_wait_seconds_count", workload="triage") == 3


def test_a_gauge_may_follow_a_function(metrics: Metrics) -> None:
    queue: list[int] = []
    metrics.follow(catalogue.BATCH_QUEUE, lambda: len(queue), workload="triage")
    queue.append(1)
    assert value(metrics, "slipway_batch_queue_inputs", workload="triage") == 1


def test_series_with_closed_labels_are_there_before_their_first_event(metrics: Metrics) -> None:
    assert value(metrics, "slipway_job_chunks_handled_total", outcome="lost") == 0


def test_a_value_that_is_not_on_a_closed_list_is_counted_as_other(metrics: Metrics) -> None:
    metrics.inc(catalogue.REJECTED, reason="made up by a client")
    assert value(metrics, "slipway_requests_rejected_total", reason=OTHER) == 1
    assert b"made up" not in generate_latest(metrics.registry)


def test_an_open_label_takes_no_more_values_than_its_limit(metrics: Metrics) -> None:
    for number in range(MAX_OPEN_VALUES + 5):
        metrics.inc(catalogue.FLAGS_FALLBACK, flag=f"flag-{number}")
    assert value(metrics, "slipway_flags_fallback_total", flag=OTHER) == 5
    assert value(metrics, "slipway_flags_fallback_total", flag="flag-0") == 1
    assert generate_latest(metrics.registry).count(b"slipway_flags_fallback_total{") == MAX_OPEN_VALUES + 1


def test_threads_lose_no_count_and_no_bound(metrics: Metrics) -> None:
    start = threading.Barrier(4)

    def count() -> None:
        start.wait(5)
        for number in range(2 * MAX_OPEN_VALUES):
            metrics.inc(catalogue.FLAGS_FALLBACK, flag=f"flag-{number}")
            metrics.inc(catalogue.REJECTED, reason="overloaded")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert value(metrics, "slipway_requests_rejected_total", reason="overloaded") == 8 * MAX_OPEN_VALUES
    assert value(metrics, "slipway_flags_fallback_total", flag=OTHER) == 4 * MAX_OPEN_VALUES
    assert generate_latest(metrics.registry).count(b"slipway_flags_fallback_total{") == MAX_OPEN_VALUES + 1


@pytest.mark.parametrize("labels", [{}, {"flag": "x", "tenant": "y"}, {"tenant": "y"}])
def test_labels_that_are_not_declared_are_refused(metrics: Metrics, labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="has the labels"):
        metrics.inc(catalogue.FLAGS_FALLBACK, **labels)


def test_a_label_needs_a_bound() -> None:
    with pytest.raises(ValueError, match="closed list"):
        Label("path")


@pytest.mark.parametrize(("name", "unit"), [("requests_total", ""), ("slipway_wait", "seconds")])
def test_names_need_the_prefix_and_the_unit(name: str, unit: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Gauge(name, "Help.", unit=unit)


def used_of_catalogue(path: Path) -> Iterator[str]:
    """Yield the constants of the catalogue that a module uses."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Attribute(value=ast.Name(id="catalogue"), attr=name):
                yield name
            case ast.ImportFrom(module="slipway.telemetry.catalogue", names=names):
                yield from (alias.name for alias in names)


def test_every_metric_is_set_or_counted_somewhere() -> None:
    """A name that dashboards show and nothing ever sets is worse than none."""
    declared = {name for name, found in vars(catalogue).items() if isinstance(found, Counter | Gauge | Histogram)}
    sources = [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("cli/src/**/*.py")]
    used = {name for path in sources if path.name != "catalogue.py" for name in used_of_catalogue(path)}
    assert len(declared) > 40
    assert declared - used == set()


def test_a_gauge_is_not_there_before_it_is_set(metrics: Metrics) -> None:
    """The API does not seal: it must not say that the oldest entry without a seal is 0 seconds old."""
    assert value(metrics, "slipway_audit_unsealed_seconds") is None
    assert value(metrics, "slipway_job_chunks", state="waiting") is None
    metrics.set(catalogue.AUDIT_UNSEALED_AGE, 3)
    assert value(metrics, "slipway_audit_unsealed_seconds") == 3


def test_threads_that_set_a_gauge_for_the_first_time_share_it(metrics: Metrics) -> None:
    start, failed = threading.Barrier(8), list[Exception]()

    def first(flag: str) -> None:
        start.wait(5)
        try:
            metrics.set(catalogue.FLAG_STATE, 1, flag=flag)
        except ValueError as error:
            failed.append(error)

    threads = [threading.Thread(target=first, args=(f"flag-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert failed == []
    assert [value(metrics, "slipway_flag_state", flag=f"flag-{number}") for number in range(8)] == [1] * 8


def test_the_process_and_its_garbage_collector_are_served(metrics: Metrics) -> None:
    assert (value(metrics, "process_resident_memory_bytes") or 0) > 1_000_000
    assert (value(metrics, "process_open_fds") or 0) > 0
    assert value(metrics, "python_gc_collections_total", generation="2") is not None


def test_there_is_no_second_series_with_the_time_of_creation(metrics: Metrics) -> None:
    metrics.observe(catalogue.BATCH_SIZE, 3, workload="triage")
    assert b"_created" not in generate_openmetrics(metrics.registry)


def traced(metrics: Metrics, metric: Histogram, sampler: Sampler, *before: float) -> tuple[str, str]:
    """Return the id of a trace, and what is served after an observation of 0.3 in it, by itself or after others."""
    tracer = TracerProvider(sampler=sampler, shutdown_on_exit=False).get_tracer("test")
    labels = {label.name: "x" for label in metric.labels}
    with tracer.start_as_current_span("request") as span:
        if before:
            metrics.observe_all(metric, [*before, 0.3], **labels)
        else:
            metrics.observe(metric, 0.3, **labels)
        return format_trace_id(span.get_span_context().trace_id), generate_openmetrics(metrics.registry).decode()


@pytest.mark.parametrize("before", [[], [0.001, 0.4]])
@pytest.mark.parametrize("metric", [catalogue.HTTP_DURATION, catalogue.MODEL_DURATION])
def test_a_bucket_names_the_trace_of_its_latest_observation(
    metrics: Metrics, metric: Histogram, before: list[float]
) -> None:
    trace_id, page = traced(metrics, metric, ALWAYS_ON, *before)
    (line,) = [line for line in page.splitlines() if "# {" in line]
    assert line.startswith(f"{metric.name}_bucket")
    assert 'le="0.5"' in line
    assert f'# {{trace_id="{trace_id}"}} 0.3 ' in line


def test_a_trace_that_is_not_sampled_is_not_named(metrics: Metrics) -> None:
    _, page = traced(metrics, catalogue.HTTP_DURATION, ALWAYS_OFF)
    assert "slipway_http_request_duration_seconds_bucket" in page
    assert "# {" not in page


def test_no_other_metric_names_traces(metrics: Metrics) -> None:
    assert [metric.name for metric in catalogue.catalogue() if isinstance(metric, Histogram) and metric.exemplars] == [
        "slipway_http_request_duration_seconds",
        "slipway_model_duration_seconds",
    ]
    _, page = traced(metrics, catalogue.BATCH_SIZE, ALWAYS_ON)
    assert "# {" not in page


def test_no_label_can_name_a_person() -> None:
    allowed = {
        "store",
        *("channel", "distribution", "flag", "label", "method", "model", "outcome", "purpose", "python", "reason"),
        *("role", "route", "state", "status", "variant", "version", "workload"),
    }
    assert {label.name for metric in catalogue.catalogue() for label in metric.labels} <= allowed


@pytest.mark.parametrize("metric", catalogue.catalogue(), ids=lambda metric: metric.name)
def test_no_metric_takes_more_series_than_its_labels_allow(metrics: Metrics, metric: Metric) -> None:
    """Whatever is put into its labels, one after another."""
    for number in range(MAX_OPEN_VALUES + 50):
        labels = {label.name: f"value-{number}" for label in metric.labels}
        match metric:
            case Counter():
                metrics.inc(metric, **labels)
            case Gauge():
                metrics.set(metric, 1, **labels)
            case Histogram():
                metrics.observe(metric, 1, **labels)
    name = f"{metric.name}_count" if isinstance(metric, Histogram) else metric.name
    series = sum(
        line.startswith((f"{name}{{", f"{name} ")) for line in generate_latest(metrics.registry).decode().splitlines()
    )
    closed = math.prod(len(label.values) + 1 for label in metric.labels if label.values)
    is_open = any(label.bound for label in metric.labels)
    assert series <= closed + (MAX_OPEN_VALUES if is_open else 0)
