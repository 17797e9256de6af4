"""Audit of the synchronous path: counted in memory, written in batches, so that a request costs no write."""

from collections import Counter
from uuid import UUID

from slipway.audit import service
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.tenants.schemas import Principal


class AuditBuffer:
    """Counts predictions for each caller; `flush` writes one entry for each. A killed process loses one interval."""

    def __init__(self, database: Database, workload: str) -> None:
        self._database = database
        self._workload = workload
        self._requests: Counter[tuple[UUID, str]] = Counter()
        self._inputs: Counter[tuple[UUID, str]] = Counter()

    def predicted(self, principal: Principal, inputs: int) -> None:
        """Count one answered request."""
        caller = (principal.tenant_id, principal.key_id)
        self._requests[caller] += 1
        self._inputs[caller] += inputs

    async def flush(self) -> None:
        """Write what was counted since the last flush. What could not be written is kept for the next."""
        for caller in list(self._requests):
            requests, inputs = self._requests.pop(caller), self._inputs.pop(caller)
            try:
                await self._write(caller, requests, inputs)
            except BaseException:
                self._requests[caller] += requests
                self._inputs[caller] += inputs
                raise

    async def _write(self, caller: tuple[UUID, str], requests: int, inputs: int) -> None:
        tenant, key_id = caller
        resource = f"workload/{self._workload}"
        async with self._database.transaction(tenant) as connection:
            await service.record(
                connection, tenant, key_id, Action.PREDICTED, resource, requests=requests, inputs=inputs
            )
