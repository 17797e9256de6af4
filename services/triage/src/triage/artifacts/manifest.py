"""Manifests: what an artifact is, where it comes from, and the digests of its files."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = 1
FILE_NAME = "manifest.json"


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileRecord(_Record):
    """A file of the artifact."""

    bytes: int
    sha256: str


class Manifest(_Record):
    """What every artifact says of itself."""

    format: Literal[1] = FORMAT
    created: datetime
    code: str
    """Version of the code that made it, and a digest of the modules that decide what comes out."""
    files: dict[str, FileRecord] = Field(default_factory=dict)


class EncoderManifest(Manifest):
    """The encoder: one tokenizer, one graph for each precision."""

    key: str
    """Names the folder: a digest of the weights and of everything that turns them into graphs."""
    source: str
    weights_sha256: str
    width: int
    max_tokens: int


class Head(_Record):
    """One output of a model."""

    column: str
    """The column of the data that it learnt from."""
    labels: list[str]
    regularisation: float
    """`C` of the logistic regression, chosen by cross-validation."""
    temperature: float
    """Divides the logits; from cross-fitted logits of the training rows. Already part of the stored weights."""
    cross_fitted_accuracy: float
    cross_fitted_ece: float


class Data(_Record):
    """The data that a model was made from."""

    training_sha256: str
    validation_sha256: str | None
    """None: the validation rows were split off the training file."""
    training_rows: int
    validation_rows: int


class Drift(_Record):
    """How far int8 is from fp32, on validation texts."""

    texts: int
    cosine_mean: float
    cosine_worst: float
    label_agreement: float


class ModelManifest(Manifest):
    """A trained model: linear heads on the encoder's embeddings."""

    name: str
    version: str
    encoder: str
    """Key of the encoder whose embeddings the heads expect."""
    precision: str
    """Precision of the encoder in training."""
    heads: list[Head]
    """The first answers `category`, the second, if there is one, `priority`."""
    threshold: float
    """Least confidence at which no human is needed. Above 1: a human is always needed."""
    target_accuracy: float
    """Accuracy of the covered validation rows that the threshold was chosen for."""
    data: Data
    metrics: dict[str, float | int | None]
    """Measured on the validation rows."""
    drift: Drift

    @property
    def reference(self) -> str:
        """Return `name@version`."""
        return f"{self.name}@{self.version}"
