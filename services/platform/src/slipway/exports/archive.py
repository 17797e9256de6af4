"""The tar archive inside a package: an explanation and a privacy notice to read, and the data for programs.

The data come first into being, and their size is known last; in the archive it stands before them. So what comes before
and behind the data is made when they are complete.
"""

import io
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

EXPLANATION, NOTICE, DATA = "README.md", "privacy-notice.md", "data.jsonl"
_FILES = (EXPLANATION, NOTICE, DATA)
_FILE_OF_OWNER, _FOLDER_OF_OWNER = 0o600, 0o700
_COPY_BYTES = 2**18


def before_data(texts: Mapping[str, str], size: int, made_at: datetime) -> bytes:
    """Return what comes before data of `size` bytes: the texts by their file's name, and the header of the data."""
    content = io.BytesIO()
    for name, text in texts.items():
        written = text.encode()
        content.write(_header(name, len(written), made_at) + written + _padding(len(written)))
    return content.getvalue() + _header(DATA, size, made_at)


def behind_data(size: int) -> bytes:
    """Return what comes behind data of `size` bytes."""
    return _padding(size) + bytes(2 * tarfile.BLOCKSIZE)


def unpack(contents: Iterator[bytes], folder: Path) -> list[Path]:
    """Write the files of an archive into a folder that is made for them; return their paths.

    Raises:
        FileExistsError: the folder is there already.
        tarfile.TarError: these contents are no such archive. Whatever goes wrong, nothing is left of the folder.
    """
    folder.mkdir(mode=_FOLDER_OF_OWNER, parents=True)
    try:
        return _unpack(contents, folder)
    except BaseException:
        shutil.rmtree(folder)
        raise


def _unpack(contents: Iterator[bytes], folder: Path) -> list[Path]:
    with tarfile.open(fileobj=io.BufferedReader(_Joined(contents)), mode="r|") as archive:
        written = [_unpack_one(archive, member, folder) for member in archive]
    if [path.name for path in written] != list(_FILES) or next(contents, None) is not None:
        raise tarfile.ReadError("this archive is no export")
    return written


def _unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> Path:
    content = archive.extractfile(member) if member.name in _FILES else None
    if content is None:
        raise tarfile.ReadError("this archive is no export")
    path = folder / member.name
    with open(path, "xb", opener=partial(os.open, mode=_FILE_OF_OWNER)) as file:
        shutil.copyfileobj(content, file, _COPY_BYTES)
    return path


class _Joined(io.RawIOBase):
    """Reads contents that follow each other as one."""

    def __init__(self, contents: Iterator[bytes]) -> None:
        self._contents = contents
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            following = next(self._contents, None)
            if following is None:
                return 0
            self._rest = following
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _header(name: str, size: int, made_at: datetime) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, _FILE_OF_OWNER, int(made_at.timestamp())
    return info.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
