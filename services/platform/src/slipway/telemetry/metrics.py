"""The metrics of one process, built from the catalogue."""

import threading
from collections.abc import Callable
from itertools import product
from typing import TypeVar

import prometheus_client as prometheus
from prometheus_client.metrics import MetricWrapperBase

from slipway.telemetry.catalogue import catalogue
from slipway.telemetry.exemplars import exemplar
from slipway.telemetry.metric import MAX_OPEN_VALUES, OTHER, Counter, Gauge, Histogram, Label, Metric

WrapperT = TypeVar("WrapperT", bound=MetricWrapperBase)


class Metrics:
    """Counts, sets and observes the metrics of the catalogue in one registry.

    Label values are bounded: one that is not on a label's closed list, or one too many of an open label, is counted
    as `other`. Counters and histograms whose labels are all closed exist from the start, so that a rate sees their
    first event. A gauge appears when it is first set: a process that does not measure something must not say that it is
    0. What the client library knows of every process (`process_*`, `python_gc_*`) is served beside them.
    """

    def __init__(self, registry: prometheus.CollectorRegistry | None = None) -> None:
        """Declare every metric of the catalogue in the registry; by default in one of its own."""
        # A second series for each counter and histogram, with a time that nobody asks for.
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
        self.registry = registry or prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self.registry)
        prometheus.GCCollector(registry=self.registry)
        self._seen: dict[Label, set[str]] = {}
        self._counters = {spec: self._declare_counter(spec) for spec in _only(Counter)}
        self._histograms = {spec: self._declare_histogram(spec) for spec in _only(Histogram)}
        self._gauges: dict[Gauge, prometheus.Gauge] = {}
        self._first_use = threading.Lock()

    def inc(self, metric: Counter, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._series(self._counters[metric], metric, labels).inc(amount)

    def set(self, metric: Gauge, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._series(self._gauge(metric), metric, labels).set(value)

    def observe(self, metric: Histogram, value: float, **labels: str) -> None:
        """Add an observation to a histogram."""
        series = self._series(self._histograms[metric], metric, labels)
        series.observe(value, exemplar() if metric.exemplars else None)

    def follow(self, metric: Gauge, read: Callable[[], float], **labels: str) -> None:
        """Let a gauge ask for its value whenever the metrics are read; `read` must be quick and thread-safe."""
        self._series(self._gauge(metric), metric, labels).set_function(read)

    def _series(self, wrapper: WrapperT, metric: Metric, labels: dict[str, str]) -> WrapperT:
        if len(labels) != len(metric.labels):
            raise ValueError(f"{metric.name} has the labels {[label.name for label in metric.labels]}, not {[*labels]}")
        if not labels:
            return wrapper
        return wrapper.labels(*(self._bounded(label, labels[label.name]) for label in metric.labels))

    def _bounded(self, label: Label, value: str) -> str:
        if label.values:
            return value if value in label.values else OTHER
        seen = self._seen.setdefault(label, set())
        if value not in seen:
            if len(seen) >= MAX_OPEN_VALUES:
                return OTHER
            seen.add(value)
        return value

    def _gauge(self, spec: Gauge) -> prometheus.Gauge:
        found = self._gauges.get(spec)
        if found is not None:
            return found
        with self._first_use:
            if spec not in self._gauges:
                names = [label.name for label in spec.labels]
                self._gauges[spec] = prometheus.Gauge(
                    spec.name, spec.help, names, unit=spec.unit, registry=self.registry
                )
            return self._gauges[spec]

    def _declare_counter(self, spec: Counter) -> prometheus.Counter:
        names = [label.name for label in spec.labels]
        wrapper = prometheus.Counter(spec.name, spec.help, names, unit=spec.unit, registry=self.registry)
        _start_closed_series(wrapper, spec)
        return wrapper

    def _declare_histogram(self, spec: Histogram) -> prometheus.Histogram:
        names = [label.name for label in spec.labels]
        wrapper = prometheus.Histogram(
            spec.name, spec.help, names, unit=spec.unit, registry=self.registry, buckets=spec.buckets
        )
        _start_closed_series(wrapper, spec)
        return wrapper


MetricT = TypeVar("MetricT", bound=Metric)


def _only(kind: type[MetricT]) -> list[MetricT]:
    return [spec for spec in catalogue() if isinstance(spec, kind)]


def _start_closed_series(wrapper: MetricWrapperBase, spec: Metric) -> None:
    if spec.labels and all(label.values for label in spec.labels):
        for values in product(*(label.values for label in spec.labels)):
            wrapper.labels(*values)
