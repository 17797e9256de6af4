"""Fits a head: multinomial logistic regression, its strength chosen and its confidence calibrated by cross-fitting."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from triage.arrays import Doubles, Floats, Integers
from triage.heads.calibration import expected_calibration_error, fit_temperature, log_loss
from triage.heads.folds import assign_folds
from triage.heads.linear import LinearHead, index_of, softmax
from triage.progress import Progress

_STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Candidates for `C`, weakest first; the search stops where it gets worse."""
_FOLDS = 5
_FOLDS_OF_LARGE = 3
_LARGE = 200_000
"""Rows times labels from which fewer folds are enough."""
_TOLERANCE = 1e-3
_CONSTANT = 1e-6
"""Spread below which a feature says nothing."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head, and what cross-fitting said of it."""

    head: LinearHead
    strength: float
    temperature: float
    accuracy: float
    calibration_error: float
    """After calibration. Slightly flattering: one parameter, the temperature, was fitted on the same rows."""
    answers: list[str]
    """What was answered about the rows, each by a model that was not fitted on it."""
    confidence: Doubles
    """How sure each of these answers was."""


def fit_head(features: Floats, labels: Sequence[str], groups: Sequence[str], progress: Progress) -> Fitted:
    """Fit a head on all rows.

    Args:
        features: [n, width].
        labels: [n].
        groups: [n]; rows of one group are never on both sides of a cross-fit.
        progress: told of each fit.
    """
    known = tuple(sorted(set(labels)))
    scaler = _Scaler.of(features)
    scaled, truth = scaler.apply(features), index_of(labels, known)
    folds = assign_folds(labels, groups, _FOLDS_OF_LARGE if len(labels) * len(known) >= _LARGE else _FOLDS)
    best = _choose(scaled, truth, folds, progress)
    model = _regression(best.strength).fit(scaled, truth)
    weights, bias = _per_label(model, len(known))
    head = scaler.fold_in(known, weights / best.temperature, bias / best.temperature)
    progress.advance()
    answers = [known[index] for index in best.answers]
    return Fitted(
        head, best.strength, best.temperature, best.accuracy, best.calibration_error, answers, best.confidence
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    strength: float
    temperature: float
    loss: float
    accuracy: float
    calibration_error: float
    answers: Integers
    confidence: Doubles


def _choose(features: Floats, truth: Integers, folds: Integers, progress: Progress) -> _Trial:
    progress.start("Fitting", len(_STRENGTHS) + 1)
    best: _Trial | None = None
    for strength in _STRENGTHS:
        trial = _try(strength, features, truth, folds)
        progress.advance()
        if best and trial.loss > best.loss:
            break
        best = trial
    assert best is not None  # noqa: S101  # there are candidates
    return best


def _try(strength: float, features: Floats, truth: Integers, folds: Integers) -> _Trial:
    logits = np.full((len(truth), truth.max() + 1), -np.inf)
    for fold in np.unique(folds):
        held_out = folds == fold
        model = _regression(strength).fit(features[~held_out], truth[~held_out])
        weights, bias = _per_label(model, logits.shape[1])
        logits[held_out] = features[held_out] @ weights + bias
    # A row whose label was in no other fold says nothing about the model.
    fair = np.isfinite(logits[np.arange(len(truth)), truth])
    logits, truth = logits[fair], truth[fair]
    temperature = fit_temperature(logits, truth)
    probabilities = softmax(logits / temperature)
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = answers == truth
    return _Trial(
        strength,
        temperature,
        log_loss(logits / temperature, truth),
        float(right.mean()),
        expected_calibration_error(confidence, right),
        answers,
        confidence,
    )


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, tol=_TOLERANCE, max_iter=2_000)


def _per_label(model: LogisticRegression, labels: int) -> tuple[Doubles, Doubles]:
    """Return weights [width, labels] and bias [labels]; a label that was not there has a bias of minus infinity."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # noqa: PLR2004  # scikit-learn then keeps the second label's row only
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weights, bias = np.zeros((coefficients.shape[1], labels)), np.full(labels, -np.inf)
    weights[:, model.classes_], bias[model.classes_] = coefficients.T, intercepts
    return weights, bias


@dataclass(frozen=True, slots=True)
class _Scaler:
    """Moves each feature to a mean of 0 and a variance of 1."""

    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, features: Floats) -> "_Scaler":
        spread = features.std(axis=0)
        return cls(features.mean(axis=0), np.where(spread < _CONSTANT, 1, spread))

    def apply(self, features: Floats) -> Floats:
        return ((features - self.mean) / self.scale).astype(np.float32)

    def fold_in(self, labels: tuple[str, ...], weights: Doubles, bias: Doubles) -> LinearHead:
        scaled = weights / self.scale[:, None]
        return LinearHead(labels, scaled.astype(np.float32), (bias - self.mean @ scaled).astype(np.float32))
