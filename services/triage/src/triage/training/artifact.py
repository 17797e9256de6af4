"""Writes what was trained as an artifact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from slipway.workload import Reference
from triage.artifacts.folder import new_folder, record_files, write_manifest
from triage.artifacts.manifest import Data, Drift, Head, ModelManifest
from triage.evaluation.metrics import Scores
from triage.heads.fitting import Fitted
from triage.model import HEADS_FILE, REFERENCE_FILE, pack_heads
from triage.training.code import training_code


@dataclass(frozen=True, slots=True)
class Trained:
    """All that training found out."""

    fits: Mapping[str, Fitted]
    """By label column."""
    threshold: float
    target: float
    data: Data
    scores: Scores
    drift: Drift
    reference: Reference


def write_artifact(folder: Path, encoder: str, precision: str, trained: Trained) -> ModelManifest:
    """Write a new version of the model that the folder is named after; it appears whole or not at all."""
    created, weights = datetime.now(UTC), pack_heads([fit.head for fit in trained.fits.values()])
    version = f"{created:%Y%m%dT%H%M%S%fZ}-{sha256(weights).hexdigest()[:8]}"
    with new_folder(folder / version) as draft:
        (draft / HEADS_FILE).write_bytes(weights)
        (draft / REFERENCE_FILE).write_text(trained.reference.model_dump_json(indent=2) + "\n", encoding="utf-8")
        manifest = ModelManifest(
            created=created,
            code=training_code(),
            files=record_files(draft),
            name=folder.name,
            version=version,
            encoder=encoder,
            precision=precision,
            heads=[_head(column, fit) for column, fit in trained.fits.items()],
            threshold=trained.threshold,
            target_accuracy=trained.target,
            data=trained.data,
            metrics=_flat(trained.scores),
            drift=trained.drift,
        )
        write_manifest(draft, manifest)
    return manifest


def _head(column: str, fit: Fitted) -> Head:
    return Head(
        column=column,
        labels=list(fit.head.labels),
        regularisation=fit.strength,
        temperature=fit.temperature,
        cross_fitted_accuracy=fit.accuracy,
        cross_fitted_ece=fit.calibration_error,
    )


def _flat(scores: Scores) -> dict[str, float | int | None]:
    priority = scores.priority.model_dump() if scores.priority else {}
    return {
        **scores.model_dump(exclude={"priority"}),
        **{f"priority_{name}": value for name, value in priority.items()},
    }
