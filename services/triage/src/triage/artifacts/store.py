"""Models on disk, by name and version: `<models_dir>/<name>/<version>/`."""

import re
from pathlib import Path

from triage.artifacts.folder import read_manifest
from triage.artifacts.manifest import FILE_NAME, ModelManifest
from triage.errors import ModelError

ENCODERS = "encoder"
"""The folder of the encoders, which no model may be named after."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def check_name(name: str) -> None:
    """Check the name of a model.

    Raises:
        ModelError: no model can have it.
    """
    if not _NAME.fullmatch(name) or name == ENCODERS:
        raise ModelError(
            f"{name!r} cannot name a model. Take up to 64 lower case letters, digits, '-' and '_', "
            f"a letter or digit first, and not {ENCODERS!r}."
        )


def list_models(models_dir: Path, name: str = "*") -> list[ModelManifest]:
    """Return every version of the models, by name and then oldest first."""
    found = [path.parent for path in models_dir.glob(f"{name}/*/{FILE_NAME}") if _is_model(path.parent)]
    manifests = (read_manifest(folder, ModelManifest) for folder in found)
    return sorted(manifests, key=lambda manifest: (manifest.name, manifest.created))


def find_model(models_dir: Path, reference: str) -> ModelManifest:
    """Return the manifest of `name` (its newest version) or `name@version`.

    Raises:
        ModelError: there is no such model; the text says which there are.
    """
    name, _, version = reference.partition("@")
    check_name(name)
    versions = {manifest.version: manifest for manifest in list_models(models_dir, name)}
    if not versions:
        raise ModelError(
            f"There is no model {name!r} in {models_dir}. `make model` (or `slipway model build`) builds the sample "
            f"model; `slipway model train --data FILE.csv --name {name}` trains one on your own data."
        )
    if version and version not in versions:
        raise ModelError(f"{name!r} has no version {version!r} in {models_dir}; it has {', '.join(versions)}.")
    return versions[version or list(versions)[-1]]


def model_folder(models_dir: Path, manifest: ModelManifest) -> Path:
    """Return the folder of a model."""
    return models_dir / manifest.name / manifest.version


def encoder_folder(models_dir: Path, key: str) -> Path:
    """Return the folder of an encoder."""
    return models_dir / ENCODERS / key


def _is_model(folder: Path) -> bool:
    return folder.parent.name != ENCODERS and not folder.name.startswith(".")
