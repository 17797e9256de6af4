"""What a table must have, so that a model can be trained on it or measured with it."""

from collections import Counter
from collections.abc import Sequence

from triage.datasets.table import Table
from triage.errors import DataError
from triage.labels import OUT_OF_SCOPE

LEAST_ROWS = 10
_SHOWN = 10


def check_trainable(table: Table) -> None:
    """Check that there is something to learn.

    Raises:
        DataError: too few rows, one label only, or labels with a single example.
    """
    if len(table.texts) < LEAST_ROWS:
        raise DataError(
            f"{table.path} has {len(table.texts)} rows. Training needs {LEAST_ROWS} at the very least, and some dozens "
            f"for each label to be of use."
        )
    for column, labels in table.labels.items():
        counts = Counter(labels)
        if len(counts) == 1:
            raise DataError(
                f"{table.path}: every row has the same label {labels[0]!r} in {column!r}. There is nothing to "
                f"tell apart; training needs two labels or more."
            )
        single = sorted(label for label, count in counts.items() if count == 1)
        if single:
            raise DataError(
                f"{table.path}: {len(single)} of {len(counts)} labels in {column!r} have a single example "
                f"({_names(single)}). Add examples, or remove or merge these labels."
            )


def check_known(table: Table, known: Sequence[Sequence[str]], model: str) -> None:
    """Check that the model can answer the labels of the table at all.

    Args:
        table: the table.
        known: the labels of each output of the model, in the order of the table's columns.
        model: how the model is called.

    Raises:
        DataError: there are labels that the model has never seen.
    """
    for (column, labels), learnt in zip(table.labels.items(), known, strict=False):
        unseen = sorted(set(labels) - set(learnt) - {OUT_OF_SCOPE})
        if unseen:
            raise DataError(
                f"{table.path}: {model} has never seen {len(unseen)} of the labels in {column!r} ({_names(unseen)}); "
                f"it knows {_names(learnt)}. Is this the right file, column and model?"
            )


def _names(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return ", ".join(map(repr, labels[:_SHOWN])) + more
