"""The sample model: the encoder, and heads trained on the checked-in messages."""

from dataclasses import dataclass
from pathlib import Path

from triage.artifacts.folder import alone, digest, is_complete
from triage.artifacts.manifest import EncoderManifest, ModelManifest
from triage.artifacts.store import list_models, model_folder
from triage.datasets.sample import sample_file
from triage.encoder.build import build_encoder
from triage.progress import Progress
from triage.training.code import training_code

NAME = "triage"


@dataclass(frozen=True, slots=True)
class Built:
    """What there is now."""

    encoder: EncoderManifest
    model: ModelManifest
    anew: bool
    """Whether anything had to be done."""


def build(models_dir: Path, precision: str, threads: int, progress: Progress) -> Built:
    """Build the encoder and train the sample model, where they are not there for this code and these messages.

    Raises:
        ModelError: the checked-in messages or the published weights are not installed.
    """
    with alone(models_dir):
        encoder = build_encoder(models_dir, progress)
        found = _find(models_dir, encoder.key, precision)
        model = found or _train(models_dir, encoder.key, precision, threads, progress)
    return Built(encoder, model, anew=found is None)


def _find(models_dir: Path, encoder: str, precision: str) -> ModelManifest | None:
    """Return the sample model if its newest version is what training would give."""
    newest = next(iter(list_models(models_dir, NAME)[::-1]), None)
    if newest is None or not is_complete(model_folder(models_dir, newest), newest):
        return None
    of_newest = (newest.data.training_sha256, newest.data.validation_sha256, newest.code, newest.encoder)
    now = (digest(sample_file("train")), digest(sample_file("validation")), training_code(), encoder)
    return newest if (*of_newest, newest.precision) == (*now, precision) else None


def _train(models_dir: Path, encoder: str, precision: str, threads: int, progress: Progress) -> ModelManifest:
    # Slow to import, and needed when the messages or the code have changed.
    from triage.datasets.columns import CATEGORY, PRIORITY, TEXT  # noqa: PLC0415
    from triage.datasets.table import read_table  # noqa: PLC0415
    from triage.training.train import Target, train  # noqa: PLC0415

    training, validation = (
        read_table(sample_file(split), TEXT, lambda _: (CATEGORY, PRIORITY)) for split in ("train", "validation")
    )
    return train(Target(models_dir, NAME, precision, threads), encoder, training, validation, progress)
