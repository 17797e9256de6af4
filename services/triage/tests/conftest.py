"""The real encoder and the real sample model, built once and reused: the same ones that `make model` builds."""

from pathlib import Path

import pytest

from triage.artifacts.store import encoder_folder
from triage.encoder.session import Encoder
from triage.model import TriageModel, load_model
from triage.progress import Silent
from triage.training.sample import Built, build

MODELS = Path(__file__).parents[3] / "var" / "models"


@pytest.fixture(scope="session")
def built() -> Built:
    """Build what is missing in the checkout's models folder."""
    return build(MODELS, "int8", 0, Silent())


@pytest.fixture(scope="session")
def models_dir(built: Built) -> Path:
    """The folder of the built models; only to be read."""
    return MODELS


@pytest.fixture(scope="session")
def sample(built: Built) -> TriageModel:
    """The sample model in int8."""
    return load_model(MODELS, built.model.reference, "int8")


@pytest.fixture(scope="session")
def encoders(built: Built) -> dict[str, Encoder]:
    """The encoder in both precisions."""
    folder = encoder_folder(MODELS, built.encoder.key)
    return {precision: Encoder(folder, precision) for precision in ("fp32", "int8")}


@pytest.fixture
def own_models(built: Built, tmp_path: Path) -> Path:
    """A models folder of its own that shares nothing but the encoder."""
    folder = tmp_path / "models"
    (folder / "encoder").mkdir(parents=True)
    (folder / "encoder" / built.encoder.key).symlink_to(encoder_folder(MODELS, built.encoder.key))
    return folder
