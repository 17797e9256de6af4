"""Lines on their way into a file."""

from collections.abc import Iterable
from pathlib import Path

_MOST_LINES = 1_000
"""Lines that are held in memory."""


class Recorder:
    """Appends lines to a file: at the latest when `flush` is called, or when many have come.

    The file is open only while it is written to: whatever ends the process, what was flushed is there, in whole lines.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: list[str] = []
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("", encoding="utf-8")  # nothing is left of an earlier run

    def add(self, lines: Iterable[str]) -> None:
        """Take lines, without their ends."""
        self._lines += lines
        if len(self._lines) >= _MOST_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._lines:
            lines, self._lines = self._lines, []
            with self._file.open("a", encoding="utf-8") as opened:
                opened.writelines(f"{line}\n" for line in lines)
