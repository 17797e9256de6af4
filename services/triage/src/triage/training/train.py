"""From a table of labelled messages to an artifact."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipway.workload import Reference
from triage.arrays import Floats
from triage.artifacts.manifest import Data, ModelManifest
from triage.artifacts.store import check_name
from triage.datasets.requirements import check_known, check_trainable
from triage.datasets.splitting import set_aside
from triage.datasets.table import Table
from triage.encoder.parallel import features_of
from triage.encoder.session import Encoder
from triage.errors import DataError
from triage.evaluation.metrics import Scores, score
from triage.heads.fitting import Fitted, fit_head
from triage.heads.threshold import ALWAYS_HUMAN, choose_threshold, threshold_for_outsiders
from triage.labels import OUT_OF_SCOPE
from triage.model import decide, load_encoder, rounded
from triage.progress import Progress
from triage.training.artifact import Trained, write_artifact
from triage.training.drift import measure_drift

TARGET_ACCURACY = 0.94
"""Accuracy of what is decided without a human: a bit over the 0.90 that is promised, since validation flatters."""
TARGET_FLAGGED = 0.88
"""Share of the out-of-scope messages that go to a human, over the 0.80 that is promised, for the same reason."""
_VALIDATION_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Target:
    """Where the model goes, and what it runs on."""

    models_dir: Path
    name: str
    precision: str = "int8"
    threads: int = 0
    accuracy: float = TARGET_ACCURACY


def train(
    target: Target, encoder_key: str, table: Table, validation: Table | None, progress: Progress
) -> ModelManifest:
    """Train a head for each label column, and write the artifact.

    Args:
        target: where the model goes.
        encoder_key: the encoder to stand on, which is there.
        table: the labelled messages.
        validation: labelled messages to choose the threshold on; None: 15 % of the table are set aside.
        progress: told of each text and each fit.

    Raises:
        ModelError: the name cannot be used, or the encoder is missing.
        DataError: there is too little to learn from, or to validate with.
    """
    check_name(target.name)
    check_trainable(table)
    rows, held_out = (table, validation) if validation else set_aside(table, _VALIDATION_SHARE)
    _check_validation(rows, held_out)
    encoder = load_encoder(target.models_dir, encoder_key, target.precision)
    progress.start("Embedding", len(rows.texts) + len(held_out.texts))
    features, unseen = (features_of(encoder, part.texts, target.threads, progress.advance) for part in (rows, held_out))
    fits = [fit_head(features, labels, rows.groups, progress) for labels in rows.labels.values()]
    threshold, scores = _validate(fits, unseen, list(held_out.labels.values()), target.accuracy)
    progress.start("Comparing int8 with fp32", 1)
    drift = measure_drift(*_both_precisions(target, encoder_key, encoder), fits[0].head, held_out.texts)
    progress.advance()
    data = Data(
        training_sha256=table.sha256,
        validation_sha256=validation.sha256 if validation else None,
        training_rows=len(rows.texts),
        validation_rows=len(held_out.texts),
    )
    reference = Reference.of(fits[0].answers, rounded(fits[0].confidence))
    by_column = dict(zip(rows.labels, fits, strict=True))
    trained = Trained(by_column, threshold, target.accuracy, data, scores, drift, reference)
    return write_artifact(target.models_dir / target.name, encoder_key, target.precision, trained)


def _check_validation(rows: Table, held_out: Table) -> None:
    if not held_out.texts:
        raise DataError(
            f"{rows.path} has too few examples for each label to set any aside for choosing the threshold. "
            f"Add examples, or give --validation FILE.csv."
        )
    check_known(held_out, [sorted(set(labels)) for labels in rows.labels.values()], "the training data")


def _validate(
    fits: Sequence[Fitted], features: Floats, labels: Sequence[Sequence[str]], target: float
) -> tuple[float, Scores]:
    heads = [fit.head for fit in fits]
    free = decide(features, heads, ALWAYS_HUMAN)
    answers, truth = np.array(free.categories), np.array(labels[0])
    eligible, outside = answers != OUT_OF_SCOPE, truth == OUT_OF_SCOPE
    threshold = max(
        choose_threshold(free.confidence, answers == truth, eligible, target),
        threshold_for_outsiders(free.confidence, eligible, outside, TARGET_FLAGGED),
    )
    return threshold, score(decide(features, heads, threshold), labels)


def _both_precisions(target: Target, key: str, encoder: Encoder) -> tuple[Encoder, Encoder]:
    other = "fp32" if encoder.precision == "int8" else "int8"
    second = load_encoder(target.models_dir, key, other)
    return (second, encoder) if encoder.precision == "int8" else (encoder, second)
