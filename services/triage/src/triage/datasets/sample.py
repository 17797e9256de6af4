"""The checked-in messages."""

from pathlib import Path

from triage.errors import ModelError

DATA = Path(__file__).parents[3] / "data"
"""Beside the package's sources."""


def sample_file(split: str) -> Path:
    """Return the file of a split: `train`, `validation` or `test`.

    Raises:
        ModelError: it is not there.
    """
    path = DATA / f"{split}.csv"
    if not path.is_file():
        raise ModelError(f"{path} is missing. Models are built in a checkout of the repository.")
    return path
