"""The metrics of one process, built from the catalogue."""

from collections.abc import Callable
from itertools import product
from typing import TypeVar

import prometheus_client as prometheus
from prometheus_client.metrics import MetricWrapperBase

from slipway.telemetry.catalogue import catalogue
from slipway.telemetry.metric import MAX_OPEN_VALUES, OTHER, Counter, Gauge, Histogram, Label, Metric

WrapperT = TypeVar("WrapperT", bound=MetricWrapperBase)


class Metrics:
    """Counts, sets and observes the metrics of the catalogue in one registry.

    Label values are bounded: one that is not on a label's closed list, or one too many of an open label, is counted
    as `other`. Series whose labels are all closed exist from the start, so that a rate sees their first event.
    """

    def __init__(self, registry: prometheus.CollectorRegistry | None = None) -> None:
        """Declare every metric of the catalogue in the registry; by default in one of its own."""
        self.registry = registry or prometheus.CollectorRegistry()
        self._seen: dict[Label, set[str]] = {}
        self._counters = {spec: self._declare(spec, prometheus.Counter) for spec in _only(Counter)}
        self._gauges = {spec: self._declare(spec, prometheus.Gauge) for spec in _only(Gauge)}
        self._histograms = {spec: self._declare_histogram(spec) for spec in _only(Histogram)}

    def inc(self, metric: Counter, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._series(self._counters[metric], metric, labels).inc(amount)

    def set(self, metric: Gauge, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._series(self._gauges[metric], metric, labels).set(value)

    def observe(self, metric: Histogram, value: float, **labels: str) -> None:
        """Add an observation to a histogram."""
        self._series(self._histograms[metric], metric, labels).observe(value)

    def follow(self, metric: Gauge, read: Callable[[], float], **labels: str) -> None:
        """Let a gauge ask for its value whenever the metrics are read; `read` must be quick and thread-safe."""
        self._series(self._gauges[metric], metric, labels).set_function(read)

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

    def _declare(self, spec: Metric, kind: type[WrapperT]) -> WrapperT:
        wrapper = kind(spec.name, spec.help, [x.name for x in spec.labels], unit=spec.unit, registry=self.registry)
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
