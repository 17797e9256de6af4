"""The evidence beside a backup: who was erased, and how far the audit log went. A restore wants the newest there is."""

import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.backup.errors import BackupError

_OWNER = 10001
"""The account that workers run under."""


@contextmanager
def packed(source: Path) -> Iterator[IO[bytes]]:
    """Open evidence, a folder or what `Stack.save_evidence` has written, as a tar that belongs to the workers' account.

    Raises:
        BackupError: it cannot be read, or is no evidence.
    """
    try:
        found = _in_folder(source) if source.is_dir() else _in_tar(source)
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"The evidence in {source} cannot be read: {error}.") from None
    if not found:
        raise BackupError(f"{source} has no evidence: there is no file STREAM/NUMBER.jsonl in it.")
    with tempfile.TemporaryFile() as file:
        _pack(found, file)
        file.seek(0)
        yield file


def newest(folder: Path) -> Path | None:
    """Return the newest file of evidence in a folder, by its name, which is a time."""
    return max(folder.glob("*.tar"), default=None, key=lambda path: path.name)


def _in_folder(source: Path) -> dict[str, bytes]:
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in sorted(source.glob("*/*.jsonl"))}


def _in_tar(source: Path) -> dict[str, bytes]:
    with tarfile.open(source) as content:
        files = {entry.name.removeprefix("./"): content.extractfile(entry) for entry in content if entry.isfile()}
        return {name: file.read() for name, file in files.items() if file and name.endswith(".jsonl")}


def _pack(found: Mapping[str, bytes], file: IO[bytes]) -> None:
    with tarfile.open(fileobj=file, mode="w") as packing:
        for stream in sorted({name.rpartition("/")[0] for name in found}):
            packing.addfile(_entry(stream, tarfile.DIRTYPE, 0o700))
        for name, content in found.items():
            entry = _entry(name, tarfile.REGTYPE, 0o600)
            entry.size = len(content)
            packing.addfile(entry, io.BytesIO(content))


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    entry.uid = entry.gid = _OWNER
    return entry
