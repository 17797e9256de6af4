"""Writes tombstones anew that the ledger has lost: else the next restore would bring those people back."""

from slipway.database import Database
from slipway.erasure import repository
from slipway.erasure.ledger import Ledger
from slipway.telemetry.logs import get_logger

_AT_ONCE = 500

log = get_logger(__name__)


async def mend(database: Database, ledger: Ledger) -> int:
    """Give the ledger the tombstones that only the database has; return how many.

    Of two processes that do it at once both may write a line, which harms nothing. It has to be done before somebody is
    erased: their line would take a number that is missed.

    Raises:
        Unavailable: PostgreSQL does not answer.
        EvidenceError: the ledger cannot be written.
        BrokenEvidenceError: lines that this process has seen have vanished. A new process mends them.
    """
    async with database.system_transaction() as connection:
        _, highest = await repository.ledger_end(connection)
    newest = await ledger.newest()  # afterwards: a line is in the ledger before the database names it
    mended = 0
    while highest > newest + mended and (found := await _mend(database, ledger, newest + mended)):
        mended += found
    if mended:
        log.error("erasure.mended", count=mended)
    return mended


async def _mend(database: Database, ledger: Ledger, newest: int) -> int:
    async with database.system_transaction() as connection:
        lost = await repository.beyond(connection, newest, _AT_ONCE)
    for who in lost:
        async with database.transaction(who.tenant) as connection:
            tombstone = await repository.read_tombstone(connection, who)
        line = await ledger.append(tombstone)
        async with database.transaction(who.tenant) as connection:
            await repository.set_line(connection, who, line.number)
    return len(lost)
