"""Finds marked values in bytes, whatever has encoded them on the way."""

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

_WORD = 8
"""Hexadecimal digits by which a run's marks differ from another run's."""
_SHOWN = 32
_PIECE = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Hit:
    """A mark that was found."""

    place: str
    form: str
    offset: int
    excerpt: bytes
    """It, and what follows: which of the marks it is, as it was encoded."""

    def __str__(self) -> str:
        return f"{self.place}: {self.form} at {self.offset}: {self.excerpt!r}"


class Marks:
    """Marks of one run: texts that all begin alike, and are found by that beginning in every encoding."""

    def __init__(self, seed: int) -> None:
        self.beginning = f"cnry{Random(seed).getrandbits(4 * _WORD):0{_WORD}x}"
        self.count = 0

    def new(self) -> str:
        """Return a mark that was never used: letters and digits, so that it survives where others are quoted."""
        self.count += 1
        return f"{self.beginning}n{self.count:05d}"

    def forms(self) -> dict[str, bytes]:
        """Return how the beginning looks in each encoding, by its name."""
        raw = self.beginning.encode()
        return {
            "plain": raw,
            "plain, in capitals": raw.upper(),
            "hexadecimal": raw.hex().encode(),
            "hexadecimal, in capitals": raw.hex().upper().encode(),
            "percent-encoded": "".join(f"%{byte:02x}" for byte in raw).encode(),
            "percent-encoded, in capitals": "".join(f"%{byte:02X}" for byte in raw).encode(),
            "JSON escapes": "".join(f"\\u{byte:04x}" for byte in raw).encode(),
            "UTF-16": self.beginning.encode("utf-16-le"),
            "backwards": raw[::-1],
            **{f"base64, shifted by {shift}": _inner_base64(raw, shift) for shift in range(3)},
            **{f"base64 of capitals, shifted by {shift}": _inner_base64(raw.upper(), shift) for shift in range(3)},
        }

    def find(self, place: str, content: bytes, base: int = 0) -> Iterator[Hit]:
        """Yield every mark in the content, in every form."""
        for name, form in self.forms().items():
            offset = content.find(form)
            while offset >= 0:
                yield Hit(place, name, base + offset, content[offset : offset + len(form) + _SHOWN])
                offset = content.find(form, offset + 1)

    def find_in_files(self, folder: Path) -> Iterator[Hit]:
        """Yield every mark in all files below a folder; those that vanish meanwhile are left out."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield from self._find_in_file(str(path.relative_to(folder)), path)

    def _find_in_file(self, place: str, path: Path) -> Iterator[Hit]:
        overlap, base, rest = max(map(len, self.forms().values())) - 1, 0, b""
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield from self.find(place, rest + piece, base - len(rest))
                    base, rest = base + len(piece), piece[-overlap:]
        except FileNotFoundError:
            return


def _inner_base64(content: bytes, shift: int) -> bytes:
    """Return those characters of its base64 that do not depend on what stands around it, `shift` bytes into a group.

    Letters and digits give no `+` and no `/` where this is used: the alphabet for URLs gives the same.
    """
    first, last = math.ceil(shift * 8 / 6), (shift + len(content)) * 8 // 6
    return base64.b64encode(b"\0" * shift + content)[first:last]
