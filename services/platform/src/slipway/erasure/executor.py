"""Carries out the erasures that were asked for: by lease, so that one goes on elsewhere when a worker is killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.erasure import repository
from slipway.erasure.ledger import Ledger
from slipway.erasure.mending import mend
from slipway.erasure.receipts import Erased, write
from slipway.erasure.schemas import Held, Person, Tombstone
from slipway.erasure.service import Eraser, StillComing, backups
from slipway.errors import Unavailable
from slipway.evidence import Evidence
from slipway.keys.signer import AuditSigner
from slipway.settings import Settings
from slipway.subjects import requests
from slipway.subjects.schemas import RequestClaim, RequestKind, RequestState
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

_LEASE_SECONDS = 30.0
_HELD_SECONDS = 30.0
"""Between two looks whether a legal hold is still there."""
_ACTOR = "worker"
_PASSES = 20
_NONE = timedelta()

log = get_logger(__name__)


class LeaseLost(Exception):  # noqa: N818  # it says what happened
    """Another worker does it meanwhile. What this one did is not lost, and is not done twice."""


class ErasureExecutor:
    """Any number of processes may run it."""

    def __init__(
        self, database: Database, evidence: Evidence, signer: AuditSigner, settings: Settings, metrics: Metrics
    ) -> None:
        self._database = database
        self._ledger = Ledger(evidence)
        self._mended = False
        self._eraser = Eraser(database, self._ledger)
        self._signer = signer
        self._settings = settings
        self._metrics = metrics

    async def run(self) -> None:
        """Do what there is to do.

        Raises:
            Unavailable: PostgreSQL does not answer.
            EvidenceError: the ledger has lost lines, and cannot be written. Nobody is erased until it can.
        """
        if not self._mended:
            await mend(self._database, self._ledger)
            self._mended = True
        while claimed := await requests.claim(self._database, RequestKind.ERASURE, _LEASE_SECONDS):
            await self._work(claimed)

    async def measure(self) -> None:
        """Say how late the latest is. Beside the work, so that it is said also while one takes long.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        async with self._database.system_transaction() as connection:
            deadline = await repository.earliest_deadline(connection)
        late = _NONE if deadline is None else max(clock.now() - deadline, _NONE)
        self._metrics.set(catalogue.ERASURE_OVERDUE, late.total_seconds())

    async def _work(self, claimed: RequestClaim) -> None:
        """Do one. What fails is logged and counted, and tried again once its lease has run out."""
        try:
            async with self._renewed(claimed):
                outcome = await self._erase(claimed)
        except Unavailable:
            raise
        except LeaseLost:
            log.warning("erasure.lost", tenant=str(claimed.tenant_id), attempt=claimed.attempts)
            return
        except Exception:
            log.exception("erasure.failed", tenant=str(claimed.tenant_id), attempt=claimed.attempts)
            outcome = "failed"
        self._metrics.inc(catalogue.ERASURES, outcome=outcome)

    async def _erase(self, claimed: RequestClaim) -> str:
        async with self._database.transaction(claimed.tenant_id) as connection:
            found = await self._begin(connection, claimed)
        if isinstance(found, Held):
            return "held"
        line = await self._eraser.bury(found)
        for _ in range(_PASSES):
            await self._eraser.empty(found.person)
            async with self._database.transaction(claimed.tenant_id) as connection:
                if await self._eraser.end(connection, found.person):
                    await self._settle(connection, claimed, found, line)
                    return "succeeded"
        raise StillComing

    async def _begin(self, connection: AsyncConnection, claimed: RequestClaim) -> Held | Tombstone:
        request = await requests.find_request(connection, claimed.id)
        if request is None:
            raise LeaseLost
        found = await self._eraser.begin(connection, Person(claimed.tenant_id, request.subject_id))
        if isinstance(found, Held):
            await requests.put_off(connection, claimed, RequestState.HELD, _HELD_SECONDS)
        elif not await requests.put_off(connection, claimed, RequestState.RUNNING, _LEASE_SECONDS):
            raise LeaseLost
        return found

    async def _settle(
        self, connection: AsyncConnection, claimed: RequestClaim, tombstone: Tombstone, line: int
    ) -> None:
        who, now = tombstone.person, clock.now()
        ended = await repository.end(connection, who.id, now)
        dead = await backups(connection, ended.first_version, ended.key_version, now, self._settings)
        erased = Erased(claimed.id, who, tombstone.begun_at, now, line, ended.removed, dead)
        if not await requests.settle(connection, claimed, RequestState.DONE, write(erased, self._signer)):
            raise LeaseLost
        rows, resource = sum(ended.removed.values()), f"subject/{who.id}"
        told = {"request": str(claimed.id), "rows": rows}
        await audit.record(connection, who.tenant, _ACTOR, Action.SUBJECT_ERASED, resource, **told)
        log.info("erasure.done", tenant=str(who.tenant), count=rows)

    @asynccontextmanager
    async def _renewed(self, claimed: RequestClaim) -> AsyncIterator[None]:
        """Keep the lease for as long as the block takes."""
        renewing = asyncio.create_task(self._renew(claimed), name="erasure.renew")
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self, claimed: RequestClaim) -> None:
        while True:
            await asyncio.sleep(_LEASE_SECONDS / 3)
            with suppress(Unavailable):  # the next one is in time as well
                await requests.renew(self._database, claimed, _LEASE_SECONDS)
