"""Makes exports: reads some rows (commit), opens and encrypts them with no transaction open, adds a part (commit).

Whoever is killed between any two lines loses one part of work: the lease runs out, and another worker goes on behind
the last part that there is. No more than one part is in memory.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.composition import Platform
from slipway.errors import Unavailable
from slipway.exports import repository
from slipway.exports.archive import EXPLANATION, NOTICE, before_data, behind_data
from slipway.exports.explanation import explanation
from slipway.exports.lines import lines_of
from slipway.exports.package import encrypt_part
from slipway.exports.schemas import Batch, Part, Progress
from slipway.exports.sealing import ExportSealer
from slipway.inventory.notice import privacy_notice
from slipway.inventory.record import Record
from slipway.keys.schemas import Keyset
from slipway.subjects import requests
from slipway.subjects.schemas import RequestClaim, RequestKind, RequestState
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger

_LEASE_SECONDS = 30.0
_MOST_ATTEMPTS = 5
"""In a row without a part: that failed, or whose worker was killed. What an outage has ended does not count."""
_PAUSE_SECONDS = 10.0
"""After an attempt that an outage has ended; after one that failed, times the number of attempts."""
_ACTOR = "system"

log = get_logger(__name__)


class LeaseLostError(Exception):
    """Another worker is at it: nothing more may be written."""


class WorkersLostError(Exception):
    """Whoever began to make the next part was killed, again and again: it may be the export that kills them."""


class ExportGoneError(Exception):
    """The person was erased, or its age has ended it: there is nothing left of the export."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What the next part is made of."""

    progress: Progress
    batch: Batch
    sealer: ExportSealer


class Exporter:
    """Makes one export after another. Any number of processes may do so."""

    def __init__(self, platform: Platform) -> None:
        self._database = platform.database
        self._keyring = platform.keyring
        self._settings = platform.settings
        self._workload = platform.workload
        self._metrics = platform.metrics

    async def work(self) -> None:
        """Make the exports that wait, until none does.

        Raises:
            Unavailable: PostgreSQL does not answer, or the key provider did not for some. These are gone on with later.
        """
        outage: Unavailable | None = None
        while (claimed := await self._next()) is not None:
            try:
                await self._attempt(claimed)
            except Unavailable as error:
                # It may be one tenant's key that cannot be had: nobody else's export waits for it.
                outage = error
        if outage is not None:
            raise outage

    async def _next(self) -> RequestClaim | None:
        # Before the work: an outage that ends it is what makes exports late.
        self._metrics.set(catalogue.EXPORT_OVERDUE, await repository.overdue_seconds(self._database))
        return await requests.claim(self._database, RequestKind.EXPORT, _LEASE_SECONDS)

    async def _attempt(self, claimed: RequestClaim) -> None:
        try:
            if claimed.attempts > _MOST_ATTEMPTS:
                raise WorkersLostError  # noqa: TRY301  # as any other failure that is one too many
            await self._make(claimed)
        except LeaseLostError:
            log.warning("export.lost", tenant=str(claimed.tenant_id), attempt=claimed.attempts)
        except ExportGoneError:
            await self._give_up(claimed, "gone")
        except Unavailable:
            await self._put_off(claimed, _PAUSE_SECONDS, attempts=claimed.attempts - 1)
            raise
        except Exception:
            log.exception("export.failed", tenant=str(claimed.tenant_id), attempt=claimed.attempts)
            if claimed.attempts < _MOST_ATTEMPTS:
                await self._put_off(claimed, _PAUSE_SECONDS * claimed.attempts)
            else:
                await self._give_up(claimed, "failed")

    async def _make(self, claimed: RequestClaim) -> None:
        await self._look(claimed)
        step = await self._read(claimed)
        while not step.batch.complete:
            await self._add(claimed, step)
            step = await self._read(claimed)
        records = await self._finish(claimed, step)
        self._metrics.inc(catalogue.EXPORTS, outcome="ready")
        log.info("export.ready", tenant=str(claimed.tenant_id), count=records)

    async def _look(self, claimed: RequestClaim) -> None:
        """Find out before any key is asked for whether there is an export to make: a lost key must not hide that."""
        async with self._database.transaction(claimed.tenant_id) as connection:
            if await repository.read_progress(connection, claimed.id) is None:
                raise ExportGoneError

    async def _read(self, claimed: RequestClaim) -> _Step:
        async def read(keyset: Keyset) -> _Step:
            async with self._database.transaction(claimed.tenant_id) as connection:
                progress = await repository.read_progress(connection, claimed.id)
                if progress is None:
                    raise ExportGoneError
                batch = await repository.read_batch(connection, progress.subject_id, progress.position)
            return _Step(progress, batch, ExportSealer.of(keyset, progress.subject_id, claimed.id, progress.keys))

        return await self._keyring.read(claimed.tenant_id, read)

    async def _add(self, claimed: RequestClaim, step: _Step) -> None:
        part, after = _data(claimed.id, step), step.batch.pages[-1].after
        async with self._leased(claimed) as connection:
            if not await repository.add_part(connection, claimed.tenant_id, claimed.id, part, after):
                raise ExportGoneError

    async def _finish(self, claimed: RequestClaim, step: _Step) -> int:
        """Add the last data, and what comes before and behind all of them; return how many records there are."""
        data, so_far = _data(claimed.id, step), step.progress
        records, size, now = so_far.records + data.records, so_far.data_bytes + data.data_bytes, clock.now()
        record = Record.of(self._settings, self._workload)
        texts = {EXPLANATION: explanation(record, so_far.subject_id, records, now), NOTICE: privacy_notice(record)}
        ends = (
            _part(claimed.id, step, 0, before_data(texts, size, now)),
            _part(claimed.id, step, data.number + 1, behind_data(size), last=True),
        )
        async with self._leased(claimed) as connection:
            if not await repository.finish_export(connection, claimed.tenant_id, claimed.id, data, ends):
                raise ExportGoneError
            await requests.settle(connection, claimed, RequestState.DONE, None)
            resource, detail = f"subject/{so_far.subject_id}", {"export": str(claimed.id), "rows": records}
            await audit.record(connection, claimed.tenant_id, _ACTOR, Action.EXPORT_MADE, resource, **detail)
        return records

    @asynccontextmanager
    async def _leased(self, claimed: RequestClaim) -> AsyncIterator[AsyncConnection]:
        """Open a transaction in which the lease is this worker's, and is prolonged: it has made a part.

        Raises:
            LeaseLostError: it is another's.
        """
        async with self._database.transaction(claimed.tenant_id) as connection:
            if not await requests.put_off(connection, claimed, RequestState.RUNNING, _LEASE_SECONDS, attempts=1):
                raise LeaseLostError
            yield connection

    async def _put_off(self, claimed: RequestClaim, seconds: float, *, attempts: int | None = None) -> None:
        self._metrics.inc(catalogue.EXPORTS, outcome="postponed")
        async with self._database.transaction(claimed.tenant_id) as connection:
            await requests.put_off(connection, claimed, RequestState.RECEIVED, seconds, attempts=attempts)

    async def _give_up(self, claimed: RequestClaim, outcome: str) -> None:
        self._metrics.inc(catalogue.EXPORTS, outcome=outcome)
        async with self._database.transaction(claimed.tenant_id) as connection:
            if await requests.settle(connection, claimed, RequestState.FAILED, None):
                await repository.end_export(connection, claimed.id)


def _data(export_id: UUID, step: _Step) -> Part:
    lines = [line for page in step.batch.pages for line in lines_of(page, step.sealer.opener)]
    return _part(export_id, step, step.progress.parts + 1, b"".join(lines), records=len(lines))


def _part(export_id: UUID, step: _Step, number: int, content: bytes, *, records: int = 0, last: bool = False) -> Part:
    recipient = step.sealer.open_recipient(step.progress.recipient)
    encrypted = encrypt_part(recipient, export_id, number, content, last=last)
    return Part(step.progress.subject_id, number, step.sealer.seal_part(number, encrypted), records, len(content))
