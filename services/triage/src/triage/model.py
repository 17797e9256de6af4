"""A trained model in memory: texts in, decisions out."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipway.workload import Reference
from triage.arrays import Booleans, Doubles, Floats
from triage.artifacts.folder import is_complete, read_manifest, verify
from triage.artifacts.manifest import EncoderManifest, Head, ModelManifest
from triage.artifacts.store import encoder_folder, find_model, model_folder
from triage.encoder.cores import available_cores
from triage.encoder.session import Encoder
from triage.errors import ModelError
from triage.heads.linear import LinearHead
from triage.labels import OUT_OF_SCOPE

HEADS_FILE = "heads.npz"
REFERENCE_FILE = "reference.json"
_DIGITS = 4
"""Of a confidence, as it is shown."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a model says of n texts."""

    categories: list[str]
    confidence: Doubles
    needs_human: Booleans
    priorities: list[str] | None
    priority_confidence: Doubles | None


@dataclass(frozen=True, slots=True)
class TriageModel:
    """The encoder, the heads and the threshold of one artifact. Any number of threads may share one."""

    manifest: ModelManifest
    encoder: Encoder
    heads: tuple[LinearHead, ...]
    reference: Reference | None
    """The distribution of categories and confidences in training. None: the artifact is from before they were kept."""
    lanes: int = 1
    """How many threads may usefully decide at a time."""

    @property
    def version(self) -> str:
        """Return the version as callers see it: `name@version+precision`."""
        return f"{self.manifest.reference}+{self.encoder.precision}"

    def decide(self, texts: Sequence[str]) -> Decisions:
        """Decide about texts, in order, in the thread that calls."""
        return decide(self.encoder.features(texts), self.heads, self.manifest.threshold)


def decide(features: Floats, heads: Sequence[LinearHead], threshold: float) -> Decisions:
    """Decide about texts by their features, [n, 768]."""
    categories, confidence = heads[0].decide(features)
    needs_human = (confidence < threshold) | (np.array(categories) == OUT_OF_SCOPE)
    priorities, priority_confidence = heads[1].decide(features) if len(heads) > 1 else (None, None)
    return Decisions(categories, confidence, needs_human, priorities, priority_confidence)


def rounded(confidence: Doubles) -> list[float]:
    """Return confidences as they are shown."""
    return [round(float(each), _DIGITS) for each in confidence]


def load_model(models_dir: Path, reference: str, precision: str, threads: int = 0) -> TriageModel:
    """Load a model and its encoder, every digest checked.

    Args:
        models_dir: the folder of the artifacts.
        reference: `name`, or `name@version`.
        precision: `int8` or `fp32`.
        threads: threads that decide at a time; 0: one for each core that this process may use.

    Raises:
        ModelError: something is missing or damaged; the text says how to mend it.
    """
    manifest = find_model(models_dir, reference)
    folder = model_folder(models_dir, manifest)
    verify(folder, manifest, manifest.files.keys() | {HEADS_FILE})
    encoder = load_encoder(models_dir, manifest.encoder, precision)
    heads = _read_heads(folder / HEADS_FILE, manifest.heads)
    return TriageModel(manifest, encoder, heads, _read_reference(folder, manifest), threads or available_cores())


def load_encoder(models_dir: Path, key: str, precision: str) -> Encoder:
    """Load an encoder by its key.

    Raises:
        ModelError: it is missing or damaged.
    """
    folder = encoder_folder(models_dir, key)
    if not folder.is_dir() or not is_complete(folder, read_manifest(folder, EncoderManifest)):
        raise ModelError(
            f"The encoder {key} is not whole in {folder}. `make model` (or `slipway model build`) builds it."
        )
    return Encoder(folder, precision)


def pack_heads(heads: Sequence[LinearHead]) -> bytes:
    """Return the weights of heads as an `.npz` file; their labels belong to the manifest."""
    arrays = {f"{i}.{name}": getattr(head, name) for i, head in enumerate(heads) for name in ("weights", "bias")}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _read_reference(folder: Path, manifest: ModelManifest) -> Reference | None:
    if REFERENCE_FILE not in manifest.files:
        return None
    return Reference.model_validate_json((folder / REFERENCE_FILE).read_bytes())


def _read_heads(path: Path, heads: Sequence[Head]) -> tuple[LinearHead, ...]:
    with np.load(path, allow_pickle=False) as arrays:
        return tuple(
            LinearHead(tuple(head.labels), arrays[f"{i}.weights"], arrays[f"{i}.bias"]) for i, head in enumerate(heads)
        )
