"""The files of a stream: `<number of its first line>.jsonl`, each up to a few megabytes, in a folder of its own."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from slipway.evidence.errors import EvidenceError
from slipway.evidence.line import Line, parse

_SEGMENT_BYTES = 4 * 2**20
"""Where the next file begins: the newest one is read at each addition, so that nobody's memory decides."""


class Segments:
    """Reads and adds lines. Nothing here removes or replaces a byte."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Path] = []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time add to the stream.

        Raises:
            EvidenceError: the folder cannot be made or written.
        """
        try:
            self._made = [folder for folder in (self._folder, *self._folder.parents) if not folder.exists()]
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._folder / "lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise EvidenceError(
                f"The evidence in {self._folder} cannot be written ({error.strerror}). "
                "Mount a folder there that this process may write, or name another by SLIPWAY_EVIDENCE_DIR."
            ) from error

    def settled(self) -> Line | None:
        """Return the newest line that is whole, once it is on the disk: what is told of it must not outlive it.

        A line is in the file before it is on the disk; whoever writes it holds the lock until it is there, and a
        process that was killed in between has left that to us.

        Raises:
            EvidenceError: the folder cannot be read.
        """
        try:
            with (self._folder / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH)
                for path in self._paths()[-1:]:
                    _sync(path)
                return self.last()
        except FileNotFoundError:  # nobody has ever written here: there is nothing, or a copy of what others wrote
            return self.last()
        except OSError as error:
            raise EvidenceError(f"The evidence in {self._folder} cannot be read ({error.strerror}).") from error

    def size(self) -> tuple[str, int]:
        """Return the name and the bytes of the newest file: as long as they are the same, so is the newest line."""
        return max(((path.name, path.stat().st_size) for path in self._paths()), default=("", 0))

    def last(self) -> Line | None:
        """Return the newest line that is whole."""
        for path in reversed(self._paths()):
            for raw in reversed(_read(path).split(b"\n")):
                line = parse(raw)
                if line:
                    return line
        return None

    def lines(self, words: bytes = b"") -> Iterator[Line]:
        """Yield the lines with these words in them from the first on, one file in memory at a time.

        Bytes that are no line are passed over.
        """
        for path in self._paths():
            yield from filter(None, (parse(raw) for raw in _read(path).split(b"\n") if words in raw))

    def spoilt(self) -> bool:
        """Tell whether the newest file ends with a whole line that is none: no write that was cut short leaves that."""
        content = b"".join(map(_read, self._paths()[-1:]))
        end = content.removesuffix(b"\n").rpartition(b"\n")[2]
        whole = content.endswith(b"\n") or parse(end[:-1]) is not None
        return bool(end) and whole and parse(end) is None

    def add(self, line: Line) -> None:
        """Append a line and wait until it is on the disk. After a torn line, on a line of its own."""
        path = self._path_for(line.number)
        new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            content = (b"\n" if torn else b"") + line.raw + b"\n"
            if os.write(descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            for folder in {self._folder, self._folder.parent, *(made.parent for made in self._made)}:
                _sync(folder)

    def last_before(self, before: datetime) -> Line | None:
        """Return the last line of those files of which every line is older; never one of the newest file."""
        found = None
        for path in self._paths()[:-1]:
            lines = list(filter(None, map(parse, _read(path).split(b"\n"))))
            if any(line.at >= before for line in lines):
                break
            found = lines[-1] if lines else found
        return found

    def move(self, upto: int, place: Path) -> int:
        """Move the files with no line beyond that one to another folder, the oldest first; return how many.

        A file is removed here once its copy is on the disk there.

        Raises:
            EvidenceError: a folder cannot be written, or another file of that name is there.
        """
        paths = self._paths()
        away = [path for path, after in pairwise(paths) if int(after.stem) <= upto + 1]
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in away:
                _copy(path, place / path.name)
                path.unlink()
                _sync(self._folder)
        except OSError as error:
            raise EvidenceError(
                f"Files of {self._folder} cannot be moved to {place} ({error.strerror}). Make room there, or name a "
                "folder that is empty; none is removed here before its copy is complete."
            ) from error
        return len(away)

    def _path_for(self, number: int) -> Path:
        paths = self._paths()
        if paths and paths[-1].stat().st_size < _SEGMENT_BYTES:
            return paths[-1]
        return self._folder / f"{number:012d}.jsonl"

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))


def _copy(path: Path, copy: Path) -> None:
    content = path.read_bytes()
    try:
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except FileExistsError:  # of a move that was cut short
        if copy.read_bytes() != content:
            raise
    _sync(copy)
    _sync(copy.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"The evidence in {path} cannot be read ({error.strerror}).") from error
