"""Changes of a job: once for each Idempotency-Key, in one transaction with what they change."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.idempotency.service import IdempotencyKey, begin, complete
from slipway.jobs import service
from slipway.jobs.schemas import JobView
from slipway.tenants.schemas import Principal
from slipway_api.state import Api

_NO_BODY = b""


@dataclass(frozen=True, slots=True)
class Change:
    """A `POST /v1/jobs/{id}/{verb}`."""

    verb: str
    job_id: UUID
    client_key: str | None
    apply: Callable[[AsyncConnection], Awaitable[JobView]]

    async def once(self, api: Api, principal: Principal) -> tuple[JobView, bool]:
        """Return the job, and whether an earlier request with the same key had changed it.

        A repeat waits for the first, as both insert the same key.
        """
        key = await self._key(api, principal)
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            if key is None:
                return await self.apply(connection), False
            if await begin(connection, key) is not None:
                return await service.get_job(connection, self.job_id), True
            job = await self.apply(connection)
            await complete(connection, key, self.job_id, _NO_BODY)
            return job, False

    async def _key(self, api: Api, principal: Principal) -> IdempotencyKey | None:
        if self.client_key is None:
            return None
        keyset = await api.platform.keyring.keyset(principal.tenant_id)
        return IdempotencyKey.of(keyset, f"POST /v1/jobs/{self.job_id}/{self.verb}", self.client_key)
