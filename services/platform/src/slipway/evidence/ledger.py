"""Adds to evidence, and reads it again only if it holds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from slipway import clock
from slipway.evidence import archive
from slipway.evidence.custody import KIND, Custody, custody, handing_over, next_key
from slipway.evidence.errors import BrokenEvidenceError, EvidenceError
from slipway.evidence.line import GENESIS, Line
from slipway.evidence.segments import Segments
from slipway.keys.signer import AuditSigner, key_id_of

_CHANGED = "it was changed, or signed with a key that the one in use does not vouch for"


class Evidence:
    """The evidence below one folder: streams of lines, each in a folder of its own. Its calls wait for the disk.

    Any number of processes may add to a stream: they take turns (`flock`). It remembers the newest line that it has
    seen of each stream, and adds to none from which that line has vanished.
    """

    def __init__(self, folder: Path, signer: AuditSigner) -> None:
        self._folder = folder
        self._signer = signer
        self._seen: dict[str, Line] = {}
        self._looked: dict[str, tuple[tuple[str, int], Line | None]] = {}

    @property
    def key_id(self) -> str:
        """The key that this process signs with."""
        return self._signer.key_id

    def append(self, stream: str, body: Mapping[str, Any]) -> Line:
        """Sign a line and add it; it is on the disk when this returns. Nothing personal has a place in it.

        Raises:
            EvidenceError: the folder cannot be written, or the stream is in the care of another key.
            BrokenEvidenceError: lines that were there have vanished.
        """
        return self._add(stream, lambda line: replace(line, body=dict(body)))

    def hand_over(self, stream: str, successor: AuditSigner) -> Line:
        """Give a stream to another key: both sign, after that the successor alone. Repeated, it does nothing.

        Raises:
            EvidenceError: the folder cannot be written, or the stream is in the care of a third key.
            BrokenEvidenceError: lines that were there have vanished.
        """
        last = self.newest(stream)
        if last and next_key(last) == successor.key_id:
            return last
        return self._add(stream, lambda line: handing_over(line, self._signer, successor))

    def newest(self, stream: str) -> Line | None:
        """Return the newest line, unverified; None where there is none.

        Raises:
            BrokenEvidenceError: lines that were there have vanished.
        """
        return self._remember(stream, Segments(self._folder / stream).settled())

    def seen(self, stream: str) -> Line | None:
        """Return the newest line that this process knows of, without a look at the disk."""
        return self._seen.get(stream)

    def streams(self) -> list[str]:
        """Return the names of the streams that are there."""
        return sorted({path.parent.name for path in self._folder.glob("*/*.jsonl")})

    def in_care(self, stream: str) -> bool:
        """Tell whether this process's key signs the next line of a stream, or the first. Cheap while nothing is added.

        A folder that cannot be read takes nothing out of anybody's care.
        """
        segments = Segments(self._folder / stream)
        try:
            size = segments.size()
            if self._looked.get(stream, (None,))[0] != size:
                self._looked[stream] = (size, segments.last())
        except (EvidenceError, OSError):
            return True
        last = self._looked[stream][1]
        return last is None or next_key(last) == self._signer.key_id

    def custody(self, stream: str) -> Custody:
        """Return the keys that signed lines which are there; the one in use vouches for them."""
        changes = (line for line in self.unverified(stream, "accepted") if line.body.get("kind") == KIND)
        return custody(changes, self._signer)

    def keys(self, stream: str) -> dict[str, bytes]:
        """Return the public keys that may ever have signed for this stream, by id: also such as lines that are away."""
        earlier = archive.earlier_keys(self.signed(stream, "keys"))
        return {key_id_of(key): key for key in earlier} | dict(self.custody(stream).keys)

    def leaving(self, stream: str, before: datetime) -> dict[str, Any] | None:
        """Return what a line has to say so that `move` takes away the files of which every line is older than that.

        None if there is none; the newest file always stays.
        """
        last = Segments(self._folder / stream).last_before(before)
        return archive.words(last.number, self.keys(stream).values()) if last else None

    def move(self, stream: str, place: Path) -> int:
        """Move the files that a line has let go to another folder; return how many. Repeated, it does the rest.

        Raises:
            EvidenceError: a folder cannot be written, or another file of that name is there.
        """
        return Segments(self._folder / stream).move(self._released(stream), place / stream)

    def unverified(self, stream: str, name: str) -> Iterator[Line]:
        """Yield the lines whose body has this name, as they are: good enough to see whether something is missing."""
        return (line for line in Segments(self._folder / stream).lines(f'"{name}":'.encode()) if name in line.body)

    def signed(self, stream: str, name: str) -> Iterator[Line]:
        """Yield the lines whose body has this name, if a key of ours has signed them, without a look at the others."""
        return filter(self.custody(stream).signed, self.unverified(stream, name))

    def read(self, stream: str) -> Iterator[Line]:
        """Yield the lines from the first on, each after a check of its number, its link to the one before and its key.

        Bytes that are no line are passed over: what a dying machine left of a line that nobody was told of. Were they a
        line once, its number is missing, or they are the end and whole. The beginning may be away, if a line says that
        it was moved.

        Raises:
            BrokenEvidenceError: a line does not hold.
        """
        held = self.custody(stream)
        number, previous, key = 0, GENESIS, held.first()
        for line in Segments(self._folder / stream).lines():
            if number == 0:
                number, previous = self._begin(stream, line)
            if line.number != number:
                raise BrokenEvidenceError(number, f"it is missing; the next one there is {line.number}")
            if line.stream != stream or line.previous != previous:
                raise BrokenEvidenceError(number, "it does not follow on the line before it")
            if line.key != key or not held.signed(line):
                raise BrokenEvidenceError(number, _CHANGED)
            yield line
            number, previous, key = number + 1, line.digest.hex(), next_key(line)
        if Segments(self._folder / stream).spoilt():
            raise BrokenEvidenceError(max(number, 1), _CHANGED)

    def verify(self, stream: str) -> str | None:
        """Check a whole stream; return what is wrong with it, or None."""
        try:
            for _ in self.read(stream):
                continue
        except BrokenEvidenceError as error:
            return str(error)
        return None

    def _begin(self, stream: str, first: Line) -> tuple[int, str]:
        """Return the number and the predecessor that the first line must have. Files are moved the oldest first."""
        moved = 1 < first.number <= self._released(stream) + 1
        return (first.number, first.previous) if moved else (1, GENESIS)

    def _released(self, stream: str) -> int:
        return archive.released(self.signed(stream, "upto"))

    def _add(self, stream: str, complete: Callable[[Line], Line]) -> Line:
        segments = Segments(self._folder / stream)
        with segments.locked():
            last = self._remember(stream, segments.last())
            self._demand_ours(stream, last)
            number, previous = (last.number + 1, last.digest.hex()) if last else (1, GENESIS)
            line = complete(Line(stream, number, clock.now(), previous, self._signer.key_id, {}))
            line = line.signed(self._signer.sign(line.statement()))
            segments.add(line)
            self._seen[stream] = line
        return line

    def _remember(self, stream: str, last: Line | None) -> Line | None:
        seen = self._seen.get(stream)
        if seen and (
            not last or last.number < seen.number or (last.number == seen.number and last.digest != seen.digest)
        ):
            raise BrokenEvidenceError(seen.number, f"it was in {stream} a moment ago, and is not there any more")
        if last:
            self._seen[stream] = last
        return last

    def _demand_ours(self, stream: str, last: Line | None) -> None:
        if last and next_key(last) != self._signer.key_id:
            raise EvidenceError(
                f"{self._folder / stream} is in the care of the key {next_key(last)}, and this process has "
                f"{self._signer.key_id}. Give it the right SLIPWAY_AUDIT_KEY_FILE, or change the key with "
                "`slipway audit hand-over`."
            )
