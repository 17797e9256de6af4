"""The metrics of one process, built from the catalogue."""

import threading
from collections.abc import Callable, Sequence
from itertools import product
from typing import TypeVar

import prometheus_client as prometheus
from prometheus_client.metrics import MetricWrapperBase

from slipway.telemetry.catalogue import catalogue
from slipway.telemetry.distribution import Distribution
from slipway.telemetry.exemplars import exemplar
from slipway.telemetry.metric import Counter, Gauge, Histogram, Metric
from slipway.telemetry.series import Bounds, Family


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
        self._bounds = Bounds()
        self._counters = {spec: self._declare_counter(spec) for spec in _only(Counter)}
        self._histograms = {spec: self._declare_histogram(spec) for spec in _only(Histogram)}
        self._gauges: dict[Gauge, Family[prometheus.Gauge]] = {}
        self._first_use = threading.Lock()

    def inc(self, metric: Counter, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._counters[metric].series(labels).inc(amount)

    def set(self, metric: Gauge, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._gauge(metric).series(labels).set(value)

    def observe(self, metric: Histogram, value: float, **labels: str) -> None:
        """Add an observation to a histogram."""
        series = self._histograms[metric].series(labels)
        series.observe(value, exemplar() if metric.exemplars else None)

    def observe_all(self, metric: Histogram, values: Sequence[float], **labels: str) -> None:
        """Add observations to a histogram, for a fraction of the cost of as many calls of `observe`.

        The last of them may be an example of its bucket.
        """
        series = self._histograms[metric].series(labels)
        if metric.exemplars and values:
            series.observe(values[-1], exemplar())
            values = values[:-1]
        series.observe_all(values)

    def follow(self, metric: Gauge, read: Callable[[], float], **labels: str) -> None:
        """Let a gauge ask for its value whenever the metrics are read; `read` must be quick and thread-safe."""
        self._gauge(metric).series(labels).set_function(read)

    def _gauge(self, spec: Gauge) -> Family[prometheus.Gauge]:
        found = self._gauges.get(spec)
        if found is not None:
            return found
        with self._first_use:
            if spec not in self._gauges:
                names = [label.name for label in spec.labels]
                wrapper = prometheus.Gauge(spec.name, spec.help, names, unit=spec.unit, registry=self.registry)
                self._gauges[spec] = Family(spec, wrapper, self._bounds)
            return self._gauges[spec]

    def _declare_counter(self, spec: Counter) -> Family[prometheus.Counter]:
        names = [label.name for label in spec.labels]
        wrapper = prometheus.Counter(spec.name, spec.help, names, unit=spec.unit, registry=self.registry)
        _start_closed_series(wrapper, spec)
        return Family(spec, wrapper, self._bounds)

    def _declare_histogram(self, spec: Histogram) -> Family[Distribution]:
        names = [label.name for label in spec.labels]
        wrapper = Distribution(
            spec.name, spec.help, names, unit=spec.unit, registry=self.registry, buckets=spec.buckets
        )
        _start_closed_series(wrapper, spec)
        return Family(spec, wrapper, self._bounds)


MetricT = TypeVar("MetricT", bound=Metric)


def _only(kind: type[MetricT]) -> list[MetricT]:
    return [spec for spec in catalogue() if isinstance(spec, kind)]


def _start_closed_series(wrapper: MetricWrapperBase, spec: Metric) -> None:
    if spec.labels and all(label.values for label in spec.labels):
        for values in product(*(label.values for label in spec.labels)):
            wrapper.labels(*values)
