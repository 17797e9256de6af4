"""Key files: closed to other users, and never overwritten.

A key of our own is for its owner alone. One that an orchestrator mounts belongs to somebody else (root) and reaches the
process through its group, with mode 0440: this is how Kubernetes gives a secret to a `fsGroup`.
"""

import os
import stat
from pathlib import Path
from tempfile import NamedTemporaryFile


class KeyFileError(Exception):
    """A key file is absent, open to others, or no key. The message says what to do."""


def read_key_file(path: Path) -> bytes:
    """Return the content of a key file.

    Raises:
        KeyFileError: it cannot be read, or it is open to others: ours to anybody else, a mounted one to more than being
            read by its group.
    """
    try:
        with path.open("rb") as file:
            _refuse_if_open(path, os.fstat(file.fileno()))
            return file.read()
    except FileNotFoundError as error:
        raise KeyFileError(
            f"There is no key file {path}. `slipway up` makes one for development; elsewhere, put it there."
        ) from error
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be read: {error.strerror}.") from error


def create_key_file(path: Path, content: bytes) -> bool:
    """Write a key file of mode 0600, in folders that are made with mode 0700; tell whether it was written.

    It appears with its whole content or not at all. One that exists is left as it is.
    """
    if path.exists():
        return False
    _make_folder(path.parent)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return False
    sync_folder(path.parent)
    return True


def delete_key_file(path: Path) -> None:
    """Delete a key file for good: when this returns, a crash does not bring it back. One that is gone is no error.

    What a process has left that was killed while it made the file is a copy, and goes as well.
    """
    for copy in (path, *path.parent.glob(f".{path.name}.*")):
        copy.unlink(missing_ok=True)
    if path.parent.exists():
        sync_folder(path.parent)


def can_be_written(folder: Path) -> bool:
    """Tell whether files can be made in a folder, which itself need not be there yet."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(nearest, os.W_OK)


def sync_folder(folder: Path) -> None:
    """Return once a crash cannot undo what was made, renamed or deleted in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_if_open(path: Path, status: os.stat_result) -> None:
    mode, ours = stat.S_IMODE(status.st_mode), status.st_uid == os.geteuid()
    if mode & (0o077 if ours else 0o037):
        remedy = f"Run: chmod 600 {path}" if ours else "Mount it with mode 0440, for the group of this process."
        raise KeyFileError(f"{path} is open to other users (mode {mode:04o}). {remedy}")


def _make_folder(folder: Path) -> None:
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)
