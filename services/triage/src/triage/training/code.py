"""Which code decides what training makes of a file."""

from functools import cache

from triage.artifacts.provenance import code_version

_SOURCES = ("heads", "datasets", "training", "encoder/session.py", "encoder/runs.py", "labels.py")
_LIBRARIES = ("scikit-learn",)


@cache
def training_code() -> str:
    """Return the version of everything between a file and an artifact, except for the encoder."""
    return code_version(_SOURCES, _LIBRARIES)
