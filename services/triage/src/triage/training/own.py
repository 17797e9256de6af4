"""A model on the user's own data."""

from dataclasses import dataclass
from pathlib import Path

from triage.artifacts.manifest import ModelManifest
from triage.artifacts.store import check_name
from triage.datasets.columns import training_labels
from triage.datasets.table import read_table
from triage.encoder.build import build_encoder
from triage.progress import Progress
from triage.training.train import Target, train


@dataclass(frozen=True, slots=True)
class Source:
    """The files, and the columns in them."""

    data: Path
    validation: Path | None = None
    text_column: str = "text"
    label_columns: tuple[str, ...] = ()
    """Empty: `label`, or `category` and, if there, `priority`."""


def train_on(source: Source, target: Target, progress: Progress) -> ModelManifest:
    """Train a model on a file; the encoder is built if it is not there.

    Raises:
        ModelError: the name cannot be used.
        DataError: a file cannot be used.
    """
    check_name(target.name)
    table = read_table(source.data, source.text_column, training_labels(source.label_columns))
    validation = None
    if source.validation:
        validation = read_table(source.validation, source.text_column, lambda _: list(table.labels))
    return train(target, build_encoder(target.models_dir, progress).key, table, validation, progress)
