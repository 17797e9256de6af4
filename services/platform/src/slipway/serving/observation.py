"""Turns what a workload says of its answers into metrics, and compares them with those of its training."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from pydantic import BaseModel

from slipway.serving.drift import Drift, bins_of
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metric import OTHER
from slipway.telemetry.metrics import Metrics
from slipway.workload import Failure, Observation, Reference, Workload
from slipway.workload.loader import AnyWorkload

log = get_logger(__name__)


class Observer:
    """Counts the answers of one model. A workload that says nothing of its answers costs nothing."""

    def __init__(self, workload: AnyWorkload, metrics: Metrics, drifts: "Drifts") -> None:
        self._workload = workload
        self._metrics = metrics
        self._drifts = drifts
        self._speaks = type(workload).observe is not Workload.observe
        self._comparison: _Comparison | None = None

    def start(self) -> None:
        """Compare from now on with what the loaded model brings; without a reference, there is nothing to compare."""
        reference = self._workload.reference if self._speaks else None
        if reference is None:
            return
        self._comparison = _Comparison(reference)
        self._drifts.show(label=self._comparison.labels, score=self._comparison.scores)
        for label in reference.labels:
            self._metrics.inc(catalogue.OUTPUTS, 0, workload=self._workload.name, label=label)
        self._metrics.inc(catalogue.OUTPUTS_DEFERRED, 0, workload=self._workload.name)

    def observe(self, results: Sequence[BaseModel | Failure]) -> None:
        """Count a batch of answers. A defect in the workload's words about them does not cost a caller the answer."""
        if not self._speaks:
            return
        try:
            observed = [self._workload.observe(result) for result in results if not isinstance(result, Failure)]
            self._count([observation for observation in observed if observation is not None])
        except Exception:
            self._speaks = False
            log.exception("observation.failed", workload=self._workload.name)

    def _count(self, observed: Sequence[Observation]) -> None:
        name = self._workload.name
        labels: Counter[str] = Counter()
        scores = [observation.score for observation in observed if observation.score is not None]
        for observation in observed:
            if observation.label is not None:
                labels[self._compared_label(observation.label)] += 1
        for score in scores:
            self._compare_score(score)
        self._metrics.observe_all(catalogue.OUTPUT_SCORE, scores, workload=name)
        for label, count in labels.items():
            self._metrics.inc(catalogue.OUTPUTS, count, workload=name, label=label)
        self._metrics.inc(catalogue.OUTPUTS_DEFERRED, sum(each.deferred for each in observed), workload=name)

    def _compared_label(self, label: str) -> str:
        return self._comparison.take_label(label) if self._comparison else label

    def _compare_score(self, score: float) -> None:
        if self._comparison:
            self._comparison.take_score(score)


class Drifts:
    """Shows the drift of a workload's models in one process: of those that are loaded, the one that is furthest off."""

    def __init__(self, workload: str, metrics: Metrics) -> None:
        self._workload = workload
        self._metrics = metrics
        self._shown: dict[str, tuple[Drift, ...]] = {}

    def show(self, **drifts: Drift) -> None:
        """Show those of one more model, by distribution."""
        for name, drift in drifts.items():
            shown = self._shown[name] = (*self._shown.get(name, ()), drift)
            index = partial(_furthest, shown)
            self._metrics.follow(catalogue.OUTPUT_DRIFT, index, workload=self._workload, distribution=name)


def _furthest(drifts: Sequence[Drift]) -> float:
    return max(drift.index() for drift in drifts)


class _Comparison:
    """The latest answers beside the reference: their labels, and their scores."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._bins = bins_of(reference.labels)
        expected = [0] * (max(self._bins.values(), default=-1) + 2)
        for label, place in self._bins.items():
            expected[place] += reference.labels[label]
        self._unknown = len(expected) - 1
        self.labels, self.scores = Drift(expected), Drift(reference.scores)

    def take_label(self, label: str) -> str:
        """Take a label into account; return it, or `other` if the model was not trained on it."""
        place = self._bins.get(label, self._unknown)
        self.labels.add(place)
        return OTHER if place == self._unknown else label

    def take_score(self, score: float) -> None:
        """Take a score into account."""
        self.scores.add(self._reference.bin_of(score))
