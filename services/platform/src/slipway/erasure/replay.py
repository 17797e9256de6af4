"""Compares the ledger of erasures with the database, and erases again whom a restored backup has brought back."""

from slipway.database import Database
from slipway.erasure import repository
from slipway.erasure.ledger import Entry, Ledger
from slipway.erasure.service import Eraser
from slipway.telemetry.logs import get_logger
from slipway.tenants.repository import list_tenants

log = get_logger(__name__)


class Comparison:
    """Of the ledger with the database. It remembers when nothing was missing, and looks again when either changes."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger
        self._clean: tuple[int, int, int] | None = None

    async def missing(self) -> list[Entry]:
        """Return the entries of the ledger that the database knows nothing of, as they are, unverified.

        Those of tenants that the database does not have are left out: it has nothing of theirs.

        Raises:
            Unavailable: PostgreSQL does not answer.
            EvidenceError: the ledger cannot be read.
            BrokenEvidenceError: lines that were there have vanished.
        """
        newest = await self._ledger.newest()
        if not newest:
            return []
        async with self._database.system_transaction() as connection:
            count, highest = await repository.ledger_end(connection)
            # A line each, from the first to the newest: mostly that is all there is to see.
            if count == highest == newest or self._clean == (newest, count, highest):
                return []
            known = await repository.known(connection)
            tenants = set((await list_tenants(connection)).values())
        found = [
            entry
            for entry in await self._ledger.named()
            if entry.person.tenant in tenants and (entry.person.tenant, entry.person.id) not in known
        ]
        self._clean = None if found else (newest, count, highest)
        return found


class Replay:
    """Any number of processes may do it at once."""

    def __init__(self, database: Database, ledger: Ledger, actor: str) -> None:
        self._comparison = Comparison(database, ledger)
        self._ledger = ledger
        self._eraser = Eraser(database, ledger)
        self._actor = actor

    async def run(self) -> int:
        """Erase again whom the ledger names and the database does not; return how many.

        Raises:
            Unavailable: PostgreSQL does not answer.
            EvidenceError: the ledger cannot be read.
            BrokenEvidenceError: a line of it does not hold, or lines have vanished. Nobody was erased.
            StillComing: somebody's inputs come in all the time.
        """
        wanted = {entry.person for entry in await self._comparison.missing()}
        if not wanted:
            return 0
        for entry in await self._ledger.verified():
            if entry.person in wanted:
                await self._eraser.repeat(entry, self._actor)
        log.warning("erasure.replayed", count=len(wanted))
        return len(wanted)
