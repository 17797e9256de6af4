"""Copies a model with only what serving it in one precision needs, for an image or for a bucket."""

import shutil
from pathlib import Path

from triage.artifacts.folder import new_folder, read_manifest, verify, write_manifest
from triage.artifacts.manifest import EncoderManifest, Manifest, ModelManifest
from triage.artifacts.store import encoder_folder, find_model, model_folder
from triage.encoder.architecture import TOKENIZER_FILE, graph_file


def export_model(models_dir: Path, reference: str, precision: str, target: Path) -> ModelManifest:
    """Copy a model and its encoder into another folder of models, every digest checked.

    Args:
        models_dir: the folder of the artifacts.
        reference: `name` (its newest version) or `name@version`.
        precision: `int8` or `fp32`; the encoder's graph in the other one stays behind.
        target: the folder that is to be served from; what it holds already stays.

    Raises:
        ModelError: something is missing or damaged; the text says how to mend it.
    """
    manifest = find_model(models_dir, reference)
    _copy(model_folder(models_dir, manifest), model_folder(target, manifest), manifest, set(manifest.files))
    source = encoder_folder(models_dir, manifest.encoder)
    encoder = read_manifest(source, EncoderManifest)
    _copy(source, encoder_folder(target, manifest.encoder), encoder, {TOKENIZER_FILE, graph_file(precision)})
    return manifest


def _copy(source: Path, target: Path, manifest: Manifest, names: set[str]) -> None:
    verify(source, manifest, names)
    kept = {name: record for name, record in manifest.files.items() if name in names}
    with new_folder(target) as draft:
        for name in names:
            shutil.copyfile(source / name, draft / name)
        write_manifest(draft, manifest.model_copy(update={"files": kept}))
