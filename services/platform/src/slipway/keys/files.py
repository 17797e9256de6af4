"""Key files: readable by their owner alone, and never overwritten."""

import os
import stat
from pathlib import Path
from tempfile import NamedTemporaryFile


class KeyFileError(Exception):
    """A key file is absent, open to others, or no key. The message says what to do."""


def read_key_file(path: Path) -> bytes:
    """Return the content of a key file.

    Raises:
        KeyFileError: it cannot be read, or others than its owner may read or write it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise KeyFileError(f"{path} is open to other users (mode {mode:04o}). Run: chmod 600 {path}")
            return file.read()
    except FileNotFoundError as error:
        raise KeyFileError(
            f"There is no key file {path}. `slipway up` makes one for development; elsewhere, put it there."
        ) from error
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be read: {error.strerror}.") from error


def create_key_file(path: Path, content: bytes) -> bool:
    """Write a key file of mode 0600, in a folder that is made with mode 0700; tell whether it was written.

    It appears with its whole content or not at all. One that exists is left as it is.
    """
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return False
    _sync_folder(path.parent)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
