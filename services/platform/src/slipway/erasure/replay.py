"""Compares the ledger of erasures with the database, and erases again whom a restored backup has brought back."""

from uuid import UUID

from slipway.database import Database
from slipway.erasure import repository
from slipway.erasure.ledger import Entry, Ledger
from slipway.erasure.mending import mend
from slipway.erasure.service import Eraser
from slipway.evidence import BrokenEvidenceError
from slipway.telemetry.logs import get_logger
from slipway.tenants.repository import list_tenants

_CUT = (
    "it is missing, and the database knows lines up to {highest}: the evidence is older. Put the newest copy back; "
    "otherwise a worker, or `slipway privacy replay`, writes anew what the database knows of it."
)

log = get_logger(__name__)


class Comparison:
    """Of the ledger with the database. It remembers which lines the database rightly lacks: each is verified once."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger
        self._clean = (0, 0, 0)

    async def missing(self) -> list[Entry]:
        """Return verified entries: whom the database knows nothing of, or whose erasure it has begun and nobody does.

        Those of tenants that the database does not have are left out: it has nothing of theirs. Without any ledger
        there is nothing to compare.

        Raises:
            Unavailable: PostgreSQL does not answer.
            EvidenceError: the ledger cannot be read.
            BrokenEvidenceError: a line does not hold, or lines are missing that were there or that the database names.
        """
        async with self._database.system_transaction() as connection:
            count, highest = await repository.ledger_end(connection)
            abandoned = await repository.abandoned(connection)
        newest = await self._ledger.newest()  # afterwards: a line is in the ledger before the database names it
        if not newest:
            return []
        if newest < highest:
            raise BrokenEvidenceError(newest + 1, _CUT.format(highest=highest))
        if not abandoned and self._agree(newest, count, highest):
            return []
        found = await self._unknown(abandoned)
        if not found:
            self._clean = (newest, count, highest)
        return found

    def _agree(self, newest: int, count: int, highest: int) -> bool:
        """Tell whether the database has a line each, from the first to the newest, but for those it rightly lacks."""
        lacking = self._clean[0] - self._clean[1]
        return self._clean == (newest, count, highest) or (highest == newest and newest - count in {0, lacking})

    async def _unknown(self, abandoned: set[tuple[UUID, UUID]]) -> list[Entry]:
        entries = await self._ledger.verified()
        # Afterwards: a tombstone is in the database before its line is in the ledger.
        async with self._database.system_transaction() as connection:
            known = await repository.known(connection) - abandoned
            tenants = set((await list_tenants(connection)).values())
        return [
            entry
            for entry in entries
            if entry.person.tenant in tenants and (entry.person.tenant, entry.person.id) not in known
        ]


class Replay:
    """Any number of processes may do it at once."""

    def __init__(self, database: Database, ledger: Ledger, actor: str) -> None:
        self._database = database
        self._comparison = Comparison(database, ledger)
        self._ledger = ledger
        self._eraser = Eraser(database, ledger)
        self._actor = actor

    async def run(self) -> int:
        """Erase again whom the ledger names and the database does not; return how many.

        First the ledger gets back the lines that only the database has: no later restore shall be without them.

        Raises:
            Unavailable: PostgreSQL does not answer.
            EvidenceError: the ledger cannot be read, or has lost lines and cannot be written.
            BrokenEvidenceError: a line of it does not hold, or lines have vanished. Nobody was erased.
            StillComing: somebody's inputs come in all the time.
        """
        await mend(self._database, self._ledger)
        missing = await self._comparison.missing()
        for entry in missing:
            await self._eraser.repeat(entry, self._actor)
        erased = len({entry.person for entry in missing})
        if erased:
            log.warning("erasure.replayed", count=erased)
        return erased
