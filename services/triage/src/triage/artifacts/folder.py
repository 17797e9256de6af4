"""Folders that appear whole or not at all, and are checked before they are trusted."""

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from triage.artifacts.manifest import FILE_NAME, FileRecord, Manifest
from triage.errors import ModelError

ManifestT = TypeVar("ManifestT", bound=Manifest)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` when the block succeeds, in one step.

    Where another process was faster, its folder stays and ours is dropped.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".new-{uuid.uuid4().hex}")
    draft.mkdir()
    try:
        yield draft
        if not target.exists():
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process builds in this folder, and keep them waiting during the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_files(folder: Path) -> dict[str, FileRecord]:
    """Return the record of each file in the folder."""
    return {path.name: FileRecord(bytes=path.stat().st_size, sha256=digest(path)) for path in sorted(folder.iterdir())}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest; the last file of an artifact."""
    (folder / FILE_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path, kind: type[ManifestT]) -> ManifestT:
    """Read the manifest of an artifact.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    path = folder / FILE_NAME
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(f"{folder} holds no artifact: {FILE_NAME} is missing.") from error
    except (ValidationError, OSError) as error:
        raise ModelError(f"{path} cannot be read as a manifest of this version of Slipway: {error}") from error


def is_complete(folder: Path, manifest: Manifest) -> bool:
    """Return whether every file is there in its full size. Cheap; loading checks the digests."""
    sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
    return all(sizes.get(name) == record.bytes for name, record in manifest.files.items())


def verify(folder: Path, manifest: Manifest, names: Iterable[str]) -> None:
    """Check that files are what the manifest says.

    Raises:
        ModelError: a file is missing, unknown to the manifest, or has another digest.
    """
    for name in names:
        path, record = folder / name, manifest.files.get(name)
        if record is None or not path.is_file():
            raise ModelError(f"{path} is missing. Remove {folder} and build or train it again.")
        if digest(path) != record.sha256:
            raise ModelError(
                f"{path} is not the file that was written: its SHA-256 differs from the manifest's. "
                f"Remove {folder} and build or train it again."
            )
