"""Writes the files of each service where only that service can read them."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from slipway_cli.errors import LocalError
from slipway_cli.secrets.files import OWNERS, Files

_FOLDER_MODE, _FILE_MODE = 0o500, 0o400


def write(root: Path, files: Files) -> int:
    """Write what differs from what is there, and remove what is no longer asked for; return how many files differed.

    A file is replaced in one step, and belongs to the user that its service runs as.

    Raises:
        LocalError: this process may not give files to other users.
    """
    try:
        return sum(_write_folder(root / name, content, OWNERS[name]) for name, content in files.items())
    except PermissionError as error:
        raise LocalError(
            f"{error.filename or root} cannot be given to its service's user: run this as root."
        ) from error


def _write_folder(folder: Path, files: dict[str, str], owner: tuple[int, int]) -> int:
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, *owner)
    changed = [name for name, content in files.items() if _differs(folder / name, content)]
    gone = [path for path in folder.iterdir() if path.name not in files]
    for name in changed:
        _write_file(folder / name, files[name], owner)
    for path in gone:
        path.unlink()
    folder.chmod(_FOLDER_MODE)
    return len(changed) + len(gone)


def _differs(path: Path, content: str) -> bool:
    return not path.exists() or path.read_text("utf-8") != content


def _write_file(path: Path, content: str, owner: tuple[int, int]) -> None:
    with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.chown(file.name, *owner)
    Path(file.name).chmod(_FILE_MODE)
    Path(file.name).replace(path)
