"""Takes in a new job: once for each Idempotency-Key, without holding more of the body than a part."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from sqlalchemy import Row

from slipway.errors import InvalidInput, NotFound, Unavailable
from slipway.flags import Flag
from slipway.idempotency.service import LOCK_SECONDS, Earlier, IdempotencyKey, begin, release, renew
from slipway.jobs import service
from slipway.jobs.intake import Intake, Order
from slipway.jobs.schemas import JobView
from slipway.keys.schemas import Keyset
from slipway.telemetry import catalogue
from slipway.telemetry.tracing import current_traceparent
from slipway.tenants.schemas import Principal
from slipway_api.body import JSON, NDJSON, Body, media_type, parse_json
from slipway_api.repeats import alone
from slipway_api.state import Api
from slipway_api.switches import require

_SIGN_OF_LIFE_SECONDS = LOCK_SECONDS / 4


class Submission:
    """One `POST /v1/jobs`."""

    def __init__(
        self, api: Api, principal: Principal, request: Request, request_type: type[BaseModel], priority: int
    ) -> None:
        settings = api.platform.settings
        self._api = api
        self._principal = principal
        self._request_type = request_type
        self._priority = priority
        self._media_type = media_type(request, JSON, NDJSON)
        self._ndjson = self._media_type == NDJSON
        limit = settings.max_upload_bytes if self._ndjson else settings.max_json_bytes
        self._body = Body(request, settings, limit)

    async def accept(self, client_key: str | None) -> tuple[JobView, bool]:
        """Return the job, and whether an earlier request with the same key had made it."""
        self._admit()
        keyset = await self._api.platform.keyring.keyset(self._principal.tenant_id)
        key = IdempotencyKey.of(keyset, "POST /v1/jobs", client_key) if client_key else None
        with alone(self._api, key):
            earlier = await self._begin(key)
            if earlier is None:
                return await self._make(key, keyset), False
        return await self._replay(earlier, keyset), True

    async def _make(self, key: IdempotencyKey | None, keyset: Keyset) -> JobView:
        intake = Intake(self._api.platform.database, self._api.platform.keyring, self._principal, self._order(key))
        try:
            async with self._kept(intake, key):
                job = await self._take_in(intake, keyset)
        except BaseException:
            # Also when the client has gone: what was stored goes, and the key may be used again.
            await asyncio.shield(self._undo(intake, key))
            raise
        self._api.platform.metrics.inc(catalogue.JOBS_ACCEPTED, workload=self._api.platform.workload.name)
        return JobView.model_validate(job)

    @asynccontextmanager
    async def _kept(self, intake: Intake, key: IdempotencyKey | None) -> AsyncIterator[None]:
        """Show in the background that the request lives: its process may be killed, but its client may just be slow."""
        signs = asyncio.create_task(self._show_life(intake, key))
        try:
            yield
        finally:
            signs.cancel()
            (ended,) = await asyncio.gather(signs, return_exceptions=True)
            if isinstance(ended, Exception):
                raise ended

    async def _show_life(self, intake: Intake, key: IdempotencyKey | None) -> None:
        while True:
            await asyncio.sleep(_SIGN_OF_LIFE_SECONDS)
            # An outage may be over before anybody has missed us.
            with suppress(Unavailable):
                await intake.touch()
                if key is not None:
                    await renew(self._api.platform.database, key)

    def _admit(self) -> None:
        require(self._api, Flag.JOB_INTAKE, self._principal, "New jobs are not accepted at the moment.")
        if self._ndjson:
            detail = f"Uploads as {NDJSON} are switched off at the moment. Send the job as {JSON}."
            require(self._api, Flag.JOB_UPLOADS, self._principal, detail)

    def _order(self, key: IdempotencyKey | None) -> Order:
        name, settings = self._api.platform.workload.name, self._api.platform.settings
        traceparent = current_traceparent()
        return Order(name, self._priority, settings.chunk_inputs, settings.max_queued_inputs, traceparent, key)

    async def _begin(self, key: IdempotencyKey | None) -> Earlier | None:
        if key is None:
            return None
        async with self._api.platform.database.transaction(key.tenant_id) as connection:
            return await begin(connection, key)

    async def _take_in(self, intake: Intake, keyset: Keyset) -> Row[Any]:
        await self._check_queue()
        async for item, size in self._inputs():
            await intake.add(item, size)
        return await intake.close(self._fingerprint(keyset))

    async def _check_queue(self) -> None:
        """Refuse before the body is read."""
        async with self._api.platform.database.transaction(self._principal.tenant_id) as connection:
            await service.check_queue(connection, self._api.platform.settings.max_queued_inputs)

    async def _inputs(self) -> AsyncIterator[tuple[BaseModel, int]]:
        """Yield each input with its size in bytes."""
        if not self._ndjson:
            body: Any = await self._body.parse(self._request_type)
            for item in body.inputs:
                yield item, 0
            return
        model, most, count = self._api.platform.workload.Input, self._api.platform.settings.max_job_inputs, 0
        async for number, line in self._body.lines():
            count += 1
            if count > most:
                raise InvalidInput(f"Send at most {most:,} inputs in one job.")
            yield parse_json(model, line, number), len(line)

    async def _replay(self, earlier: Earlier, keyset: Keyset) -> JobView:
        await self._body.drain()
        earlier.check(self._fingerprint(keyset))
        return await self._find(earlier.resource)

    async def _find(self, job_id: UUID) -> JobView:
        async with self._api.platform.database.transaction(self._principal.tenant_id) as connection:
            try:
                return await service.get_job(connection, job_id)
            except NotFound:
                raise NotFound("The job that this Idempotency-Key made was deleted. Use a new key.") from None

    def _fingerprint(self, keyset: Keyset) -> bytes:
        """Return a keyed hash of all that makes the job: a plain one of a short text could be guessed."""
        return keyset.hash(f"{self._media_type}\n{self._priority}\n{self._body.digest}")

    async def _undo(self, intake: Intake, key: IdempotencyKey | None) -> None:
        await intake.abort()
        if key is not None:
            async with self._api.platform.database.transaction(key.tenant_id) as connection:
                await release(connection, key)
