"""Learns from one file and judges on another, in fp32 and in int8."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loadtests.bench.accuracy.comparison import compare
from triage.arrays import Booleans, Doubles, Floats
from triage.artifacts.store import find_model
from triage.datasets.columns import TEXT, training_labels
from triage.datasets.requirements import check_known, check_trainable
from triage.datasets.table import Table, read_table
from triage.encoder.architecture import PRECISIONS, WIDTH
from triage.encoder.parallel import features_of
from triage.heads.fitting import fit_head
from triage.heads.linear import LinearHead
from triage.model import load_encoder
from triage.progress import Progress

ENOUGH = 3_000
"""Held-out texts that a verdict needs."""
_SAMPLE = "triage"


@dataclass(frozen=True, slots=True)
class _Side:
    """One precision: what it makes of both files, and the head that learnt from it."""

    unseen: Floats
    head: LinearHead


def run(train: Path, data: Path, models: Path, progress: Progress) -> dict[str, Any]:
    """Return what is printed; `accuracy_lost` is in percentage points.

    It is what a user loses who takes int8: heads learnt and served in int8, against heads learnt and served in fp32.
    `mixed` is what happens when a model that learnt in fp32 is served in int8.

    Args:
        train: a CSV file with `text`, and `label` or `category`: heads are fitted on it as `slipway model train` does.
        data: such a file with other texts: what they are judged on.
        models: the folder of the models.
        progress: told of each text and each fit.

    Raises:
        DataError: a file cannot be used.
        ModelError: the encoder is missing.
    """
    seen, unseen = _tables(train, data)
    sides = {precision: _side(models, precision, seen, unseen, progress) for precision in PRECISIONS}
    right = {name: _right(side.head, side.unseen, unseen) for name, side in sides.items()}
    mixed = _right(sides["fp32"].head, sides["int8"].unseen, unseen)
    loss = compare(right["fp32"], right["int8"])
    return {
        "texts": len(unseen.texts),
        "enough": len(unseen.texts) >= ENOUGH,
        "labels": len(sides["fp32"].head.labels),
        **{name: _percent(which) for name, which in right.items()},
        "mixed": _percent(mixed),
        "accuracy_lost": round(loss.points, 3),
        "accuracy_lost_interval": [round(end, 3) for end in loss.interval],
        "mixed_lost": round(compare(right["fp32"], mixed).points, 3),
        "mcnemar": {
            key: value for key, value in asdict(loss).items() if key in {"only_before", "only_after", "chance"}
        },
        "cosine": _cosine(sides["fp32"].unseen, sides["int8"].unseen),
    }


def _tables(train: Path, data: Path) -> tuple[Table, Table]:
    choose = training_labels(())
    seen, unseen = (read_table(path, TEXT, lambda columns: choose(columns)[:1]) for path in (train, data))
    check_trainable(seen)
    check_known(unseen, [sorted(set(seen.main_labels))], str(train))
    return seen, unseen


def _side(models: Path, precision: str, seen: Table, unseen: Table, progress: Progress) -> _Side:
    encoder = load_encoder(models, find_model(models, _SAMPLE).encoder, precision)
    progress.start(f"Embedding in {precision}", len(seen.texts) + len(unseen.texts))
    features, of_unseen = (features_of(encoder, table.texts, advance=progress.advance) for table in (seen, unseen))
    return _Side(of_unseen, fit_head(features, seen.main_labels, seen.groups, progress).head)


def _right(head: LinearHead, features: Floats, table: Table) -> Booleans:
    found: Booleans = np.array(head.decide(features)[0]) == np.array(table.main_labels)
    return found


def _percent(right: Sequence[bool] | Booleans) -> float:
    return round(100 * float(np.mean(right)), 3)


def _cosine(exact: Floats, quantised: Floats) -> dict[str, float]:
    """Return how near the embeddings are: the mean, the hundredth and the farthest."""
    found: Doubles = (exact[:, :WIDTH].astype(np.float64) * quantised[:, :WIDTH]).sum(axis=1)
    return {
        "mean": round(float(found.mean()), 5),
        "p1": round(float(np.percentile(found, 1)), 5),
        "worst": round(float(found.min()), 5),
    }
