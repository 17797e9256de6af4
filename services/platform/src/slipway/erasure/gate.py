"""Keeps traffic out of a database that a restored backup has filled with people who were erased."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import DBAPIError

from slipway.database import Database
from slipway.erasure.ledger import Ledger
from slipway.erasure.replay import Comparison
from slipway.erasure.service import StillComing
from slipway.errors import Unavailable
from slipway.evidence import BrokenEvidenceError, EvidenceError
from slipway.telemetry.logs import get_logger

_PAUSE_SECONDS = 1.0
_CLOSED = "It is being made sure that nobody who was erased is in the database. Try again in a moment."

log = get_logger(__name__)


async def nothing() -> None:
    """Leave the replay to others."""


class TombstoneGate:
    """Open once every line of the ledger is in the database, and nobody's erasure is left lying; then it stays so.

    A worker replays what is missing, and so does `slipway privacy replay`; the API waits for them.
    """

    def __init__(self, database: Database, ledger: Ledger, replay: Callable[[], Awaitable[object]] = nothing) -> None:
        self._comparison = Comparison(database, ledger)
        self._replay = replay
        self.trouble: str | None = "The ledger of erasures has not been compared with the database yet."
        """What is waited for, for those who operate the service; None: the gate is open."""

    def check(self) -> None:
        """Return if the gate is open.

        Raises:
            Unavailable: it is not. Whoever is told this may be anybody: it says nothing of what is waited for.
        """
        if self.trouble is not None:
            raise Unavailable(_CLOSED, headers={"Retry-After": "1"})

    async def wait(self, given_up: Callable[[], bool] = lambda: False) -> None:
        """Look again and again, until the gate is open or whoever waits gives up."""
        while self.trouble is not None and not given_up():
            await self.look()
            if self.trouble is not None:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def look(self) -> None:
        """Compare once, after a replay where that is this process's to do."""
        trouble = await self._ask()
        if trouble is not None and trouble != self.trouble:
            log.warning("erasure.awaited")
        self.trouble = trouble

    async def _ask(self) -> str | None:
        try:
            await self._replay()
            left = len(await self._comparison.missing())
        except Unavailable as error:
            return error.detail
        except (BrokenEvidenceError, EvidenceError) as error:
            reason = str(error).removesuffix(".")
            return f"The ledger of erasures cannot be relied on: {reason}. docs/erasure.md says what to do."
        except (DBAPIError, StillComing):
            log.exception("erasure.unreadable")
            return "The ledger of erasures could not be replayed; the log of this process says why."
        if not left:
            return None
        return f"The database has {left} people who were erased. A worker, or `slipway privacy replay`, erases them."
