"""The figures of an evaluation."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import f1_score

from triage.arrays import Booleans, Doubles
from triage.heads.calibration import expected_calibration_error
from triage.labels import OUT_OF_SCOPE
from triage.model import Decisions


class OutputScores(BaseModel):
    """How right one output is."""

    model_config = ConfigDict(frozen=True)

    accuracy: float
    macro_f1: float
    """Mean over the labels that occur or are answered."""
    ece: float
    """Expected calibration error, 15 bins of equal width."""


class Scores(OutputScores):
    """How right the category is, and what `needs_human` does."""

    rows: int
    coverage: float | None
    """Share of the messages in scope that are decided without a human. None: no message is in scope."""
    accuracy_covered: float | None
    """Share that is right of everything decided without a human, messages out of scope included as wrong.
    None: nothing is."""
    out_of_scope_rows: int
    out_of_scope_flagged: float | None
    """Share of the messages out of scope that go to a human. None: there are none."""
    priority: OutputScores | None
    """None: the model or the data has no priorities."""


class Confusion(BaseModel):
    """A label that is taken for another."""

    model_config = ConfigDict(frozen=True)

    label: str
    answered: str
    count: int


def score(decisions: Decisions, labels: Sequence[Sequence[str]]) -> Scores:
    """Compare decisions with labels: the categories and, if given, the priorities."""
    truth = np.array(labels[0])
    right = np.array(decisions.categories) == truth
    outside, covered = truth == OUT_OF_SCOPE, ~decisions.needs_human
    return Scores(
        **_score_output(decisions.categories, decisions.confidence, labels[0]).model_dump(),
        rows=len(truth),
        coverage=_share(covered[~outside]),
        accuracy_covered=_share(right[covered]),
        out_of_scope_rows=int(outside.sum()),
        out_of_scope_flagged=_share(~covered[outside]),
        priority=_score_priorities(decisions, labels[1]) if len(labels) > 1 else None,
    )


def confusions(decisions: Decisions, labels: Sequence[str], most: int) -> list[Confusion]:
    """Return the most frequent confusions, most frequent first."""
    pairs = Counter(pair for pair in zip(labels, decisions.categories, strict=True) if pair[0] != pair[1])
    return [
        Confusion(label=label, answered=answered, count=count) for (label, answered), count in pairs.most_common(most)
    ]


def coverage_curve(confidence: Doubles, right: Booleans) -> tuple[Doubles, Doubles]:
    """Return coverage, and the accuracy of what is covered, as the threshold falls from 1 to 0."""
    order = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(order) + 1)
    return counts / len(order), np.cumsum(right[order]) / counts


def _score_priorities(decisions: Decisions, labels: Sequence[str]) -> OutputScores | None:
    if decisions.priorities is None or decisions.priority_confidence is None:
        return None
    return _score_output(decisions.priorities, decisions.priority_confidence, labels)


def _score_output(answers: Sequence[str], confidence: Doubles, labels: Sequence[str]) -> OutputScores:
    right = np.array(answers) == np.array(labels)
    return OutputScores(
        accuracy=float(right.mean()),
        macro_f1=float(f1_score(labels, answers, average="macro", zero_division=0)),
        ece=expected_calibration_error(confidence, right),
    )


def _share(chosen: Booleans) -> float | None:
    return float(chosen.mean()) if len(chosen) else None
