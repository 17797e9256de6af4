"""Runs a model over a labelled file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from triage.datasets.columns import evaluation_labels
from triage.datasets.requirements import check_known
from triage.datasets.table import Table, read_table
from triage.encoder.parallel import features_of
from triage.evaluation.metrics import Scores, score
from triage.model import Decisions, TriageModel, decide
from triage.progress import Progress


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out."""

    model: TriageModel
    table: Table
    decisions: Decisions
    scores: Scores


def evaluate(
    model: TriageModel, path: Path, text_column: str, label_columns: Sequence[str], progress: Progress
) -> Evaluation:
    """Measure a model on a file.

    Args:
        model: the model.
        path: a CSV file.
        text_column: the column of the texts.
        label_columns: the columns of the labels; empty: those that the model learnt from.
        progress: told of each text.

    Raises:
        DataError: the file cannot be used, or has labels that the model does not know.
    """
    learnt = [head.column for head in model.manifest.heads]
    table = read_table(path, text_column, evaluation_labels(label_columns, learnt))
    check_known(table, [head.labels for head in model.heads], model.manifest.reference)
    progress.start("Embedding", len(table.texts))
    features = features_of(model.encoder, table.texts, model.lanes, progress.advance)
    decisions = decide(features, model.heads, model.manifest.threshold)
    return Evaluation(model, table, decisions, score(decisions, list(table.labels.values())))
