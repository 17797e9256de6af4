"""The ledger of tombstones in the evidence: who was erased, in lines that outlive the database and its backups."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from slipway.erasure.schemas import Person, Tombstone
from slipway.evidence import Evidence, Line

STREAM = "tombstones"
_KIND = "tombstone"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of it."""

    number: int
    person: Person
    begun_at: datetime


class Ledger:
    """Adds to the stream, and reads it. Its calls leave the loop alone while the disk is at work."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    async def append(self, tombstone: Tombstone) -> Line:
        """Add a tombstone; it is on the disk when this returns.

        Raises:
            EvidenceError: the folder cannot be written.
            BrokenEvidenceError: lines that were there have vanished.
        """
        body = {
            "kind": _KIND,
            "tenant": str(tombstone.person.tenant),
            "subject": str(tombstone.person.id),
            "begun_at": tombstone.begun_at.isoformat(),
        }
        return await asyncio.to_thread(self._evidence.append, STREAM, body)

    async def newest(self) -> int:
        """Return the number of the newest line; 0: there is none.

        Raises:
            EvidenceError: the folder cannot be read.
            BrokenEvidenceError: lines that were there have vanished.
        """
        line = await asyncio.to_thread(self._evidence.newest, STREAM)
        return line.number if line else 0

    async def verified(self) -> list[Entry]:
        """Return all entries, after a check of each line.

        Raises:
            BrokenEvidenceError: a line does not hold.
        """
        return await asyncio.to_thread(lambda: list(_entries(self._evidence.read(STREAM))))


def _entries(lines: Iterator[Line]) -> Iterator[Entry]:
    for line in lines:
        if line.body.get("kind") == _KIND:
            person = Person(UUID(line.body["tenant"]), UUID(line.body["subject"]))
            yield Entry(line.number, person, datetime.fromisoformat(line.body["begun_at"]))
