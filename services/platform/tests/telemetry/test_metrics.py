import pytest
from prometheus_client import CollectorRegistry, generate_latest

from slipway.telemetry import catalogue
from slipway.telemetry.metric import MAX_OPEN_VALUES, OTHER, Counter, Gauge, Histogram, Label
from slipway.telemetry.metrics import Metrics


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


@pytest.mark.parametrize("labels", [{}, {"flag": "x", "tenant": "y"}])
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
