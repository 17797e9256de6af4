"""Files of a backup: their digests, and how they come to be readable by their owner only."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from infra.backup.errors import BackupError


def sha256(path: Path) -> str:
    """Return the digest of a file, in hexadecimal.

    Raises:
        BackupError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from None


@contextmanager
def newest(path: Path) -> Iterator[BinaryIO]:
    """Open what takes the place of a file at the end of the block, whole and on the disk. Its owner alone may read it.

    Raises:
        BackupError: another process is at it, or was killed at it.
    """
    draft = path.with_name(f".{path.name}.new")
    with private(draft) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
        draft.replace(path)


@contextmanager
def private(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that only its owner may read. It is gone again if writing it fails.

    Raises:
        BackupError: there is such a file already.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupError(f"{path} is there already. A backup overwrites nothing: name another place.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
