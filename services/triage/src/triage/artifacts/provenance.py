"""Which code made an artifact."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def code_version(sources: Sequence[str], libraries: Sequence[str], data: Sequence[Path] = ()) -> str:
    """Return the version of the code: the package's, and a digest of what decides the outcome.

    Args:
        sources: modules and folders of this package, like `encoder/graph.py` or `heads`.
        libraries: names of installed distributions whose version matters.
        data: files whose content matters.
    """
    contents = hashlib.sha256()
    for source in sources:
        path = _PACKAGE / source
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            contents.update(file.read_bytes())
    for file in data:
        contents.update(file.read_bytes())
    for library in libraries:
        contents.update(f"{library}=={version(library)}".encode())
    return f"{version('slipway-triage')}+{contents.hexdigest()[:12]}"
