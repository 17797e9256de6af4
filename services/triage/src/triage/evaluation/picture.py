"""The picture of an evaluation: is confidence true, what does a threshold buy, what is confused."""

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from triage.arrays import Booleans, Doubles
from triage.evaluation.evaluate import Evaluation
from triage.evaluation.metrics import confusions, coverage_curve

_BINS = 10
_CONFUSIONS = 12


def draw(evaluation: Evaluation, path: Path) -> None:
    """Write the picture; the ending of the path chooses the format (`.png`, `.svg`, `.pdf`)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    confidence = evaluation.decisions.confidence
    right = np.array(evaluation.decisions.categories) == np.array(evaluation.table.main_labels)
    figure, (left, middle, last) = plt.subplots(1, 3, figsize=(17, 5.2), layout="constrained")
    _reliability(left, confidence, right, evaluation.scores.ece)
    _coverage(middle, confidence, right, evaluation.model.manifest.threshold)
    _confusions(last, evaluation)
    figure.suptitle(f"{evaluation.model.version} on {evaluation.table.path.name}, {len(right):,} messages")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _reliability(axes: Axes, confidence: Doubles, right: Booleans, error: float) -> None:
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    filled = np.unique(bins)
    accuracy = [right[bins == b].mean() for b in filled]
    axes.bar((filled + 0.5) / _BINS, accuracy, width=0.9 / _BINS, color="#4c72b0")
    for b, height in zip(filled, accuracy, strict=True):
        axes.annotate(f"{(bins == b).sum()}", ((b + 0.5) / _BINS, height), ha="center", va="bottom", fontsize=8)
    axes.plot([0, 1], [0, 1], "--", color="grey")
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.08), title=f"Calibration: ECE {error:.3f}")


def _coverage(axes: Axes, confidence: Doubles, right: Booleans, threshold: float) -> None:
    coverage, accuracy = coverage_curve(confidence, right)
    axes.plot(coverage, accuracy, color="#4c72b0")
    chosen = float((confidence >= threshold).mean())
    axes.axvline(chosen, linestyle="--", color="#c44e52", label=f"threshold {threshold:.2f}")
    axes.legend(loc="lower left")
    axes.set(xlabel="share decided without a human", ylabel="accuracy of these", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title("What the threshold buys")


def _confusions(axes: Axes, evaluation: Evaluation) -> None:
    found = confusions(evaluation.decisions, evaluation.table.main_labels, _CONFUSIONS)[::-1]
    axes.barh([f"{pair.label} → {pair.answered}" for pair in found], [pair.count for pair in found], color="#c44e52")
    axes.set(xlabel="messages", title="Most frequent confusions (label → answer)")
