"""Where the model is that every system serves."""

from pathlib import Path

from loadtests.bench.systems.system import Places
from triage.artifacts.store import encoder_folder, find_model, model_folder
from triage.model import HEADS_FILE


def find_places(models: Path, scratch: Path, cores: tuple[int, ...]) -> Places:
    """Return the places of the sample's newest model.

    Raises:
        ModelError: there is none; the text says how to build it.
    """
    manifest = find_model(models, "triage")
    encoder = encoder_folder(models, manifest.encoder).absolute()
    heads = (model_folder(models, manifest) / HEADS_FILE).absolute()
    return Places(models=encoder, heads=heads, var=scratch.absolute(), cores=list(cores))
