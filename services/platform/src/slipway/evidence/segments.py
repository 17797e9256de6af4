"""The files of a stream: `<number of its first line>.jsonl`, each up to a few megabytes, in a folder of its own."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.evidence.errors import EvidenceError
from slipway.evidence.line import Line, parse

_SEGMENT_BYTES = 4 * 2**20
"""Where the next file begins: the newest one is read at each addition, so that nobody's memory decides."""


class Segments:
    """Reads and adds lines. Nothing here removes or replaces a byte."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time add to the stream.

        Raises:
            EvidenceError: the folder cannot be made or written.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._folder / "lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise EvidenceError(
                f"The evidence in {self._folder} cannot be written ({error.strerror}). "
                "Mount a folder there that this process may write, or name another by SLIPWAY_EVIDENCE_DIR."
            ) from error

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

    def add(self, line: Line) -> None:
        """Append a line and wait until it is on the disk. After a torn line, on a line of its own."""
        path = self._path_for(line.number)
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
        self._sync_folder()

    def _path_for(self, number: int) -> Path:
        paths = self._paths()
        if paths and paths[-1].stat().st_size < _SEGMENT_BYTES:
            return paths[-1]
        return self._folder / f"{number:012d}.jsonl"

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"The evidence in {path} cannot be read ({error.strerror}).") from error
