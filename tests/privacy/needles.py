"""Finds any of thousands of byte strings in files, wherever they lie: a lost ciphertext has no mark to look for."""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_LENGTH = 16
"""Bytes of a needle: no other 16 bytes are the same by chance."""
_STRIDE = 400
"""Between two needles of one value: PostgreSQL cuts long ones into pieces of about 2,000 bytes."""
_WINDOW = 3
_PIECE = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Found:
    """A needle that was found."""

    label: str
    """Of the value that it is a part of."""
    value: int
    """Which of the values with this label."""
    place: str
    offset: int


class Needles:
    """Pieces of values, as they are and in hexadecimal; each is searched for in one pass over the bytes."""

    def __init__(self) -> None:
        self._by_content: dict[bytes, tuple[str, int]] = {}
        self._begins = np.zeros(2 ** (8 * _WINDOW), dtype=bool)
        self.values: Counter[str] = Counter()
        """How many values there are, by label."""

    def add(self, label: str, content: bytes, *, skip: int = 0) -> None:
        """Look for a value as well; its first `skip` bytes are common to many, and no sign of it."""
        rest = content[skip:]
        if len(rest) < _LENGTH:
            raise ValueError(f"{label}: a value has to have {_LENGTH} bytes of its own to be recognised")
        number = self.values[label]
        self.values[label] += 1
        for offset in range(0, len(rest) - _LENGTH + 1, _STRIDE):
            piece = rest[offset : offset + _LENGTH]
            for form in (piece, piece.hex().encode()[:_LENGTH], piece.hex().upper().encode()[:_LENGTH]):
                self._by_content[form] = (label, number)
                self._begins[int.from_bytes(form[:_WINDOW], "little")] = True

    def find(self, place: str, content: bytes, base: int = 0) -> Iterator[Found]:
        """Yield each needle in the content."""
        if len(content) < _LENGTH:
            return
        octets = np.frombuffer(content, dtype=np.uint8)
        windows = octets[: -_WINDOW + 1].astype(np.uint32)
        for shift in range(1, _WINDOW):
            windows |= octets[shift : len(octets) - _WINDOW + 1 + shift].astype(np.uint32) << (8 * shift)
        for offset in np.flatnonzero(self._begins[windows]).tolist():
            known = self._by_content.get(content[offset : offset + _LENGTH])
            if known:
                yield Found(*known, place, base + offset)

    def find_in_files(self, folders: Iterable[Path], without: AbstractSet[str] = frozenset()) -> Iterator[Found]:
        """Yield each needle in all files below folders, links followed, but for folders of these names."""
        for folder in folders:
            for path in sorted(files_in(folder.resolve(), without)):
                yield from self._find_in_file(path)

    def _find_in_file(self, path: Path) -> Iterator[Found]:
        base, rest = 0, b""
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield from self.find(str(path), rest + piece, base - len(rest))
                    base, rest = base + len(piece), piece[-(_LENGTH - 1) :]
        except FileNotFoundError:  # PostgreSQL has removed it meanwhile
            return


def files_in(folder: Path, without: AbstractSet[str] = frozenset()) -> Iterator[Path]:
    """Yield the files below a folder, but for those in folders of these names."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            if path.name not in without:
                yield from files_in(path, without)
        elif path.is_file():
            yield path
