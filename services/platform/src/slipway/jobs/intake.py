"""Takes in a job of any size in bounded memory: inputs are sealed and stored in parts, then the job is queued."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pydantic import BaseModel
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.audit import service as audit
from slipway.audit.schemas import Action
from slipway.database import Database
from slipway.errors import InvalidInput
from slipway.idempotency.service import IdempotencyKey, complete
from slipway.jobs import repository
from slipway.jobs.schemas import JobState, NewItem
from slipway.jobs.sealing import seal_input
from slipway.jobs.service import fit_into_queue
from slipway.keys.schemas import Keyset
from slipway.keys.service import Keyring
from slipway.subjects.service import Subject, named_subjects, unnamed_subject
from slipway.tenants.schemas import Principal
from slipway.workload.privacy import subject_of

PART_INPUTS = 500
PART_BYTES = 2 * 2**20
"""Most that is held in memory, and stored in one transaction: inputs, and bytes of them."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants done, apart from the inputs."""

    workload: str
    priority: int
    chunk_inputs: int
    most_queued: int
    traceparent: str | None
    idempotency: IdempotencyKey | None


class Intake:
    """One job on its way in. `add` inputs, then `close`; or `abort`. A killed process leaves it to the sweeper."""

    def __init__(self, database: Database, keyring: Keyring, principal: Principal, order: Order) -> None:
        self.job_id = uuid4()
        self._database = database
        self._keyring = keyring
        self._principal = principal
        self._order = order
        self._part: list[BaseModel] = []
        self._part_bytes = 0
        self._stored = 0
        self._unnamed: Subject | None = None

    @property
    def count(self) -> int:
        """How many inputs were added."""
        return self._stored + len(self._part)

    async def add(self, item: BaseModel, size: int = 0) -> None:
        """Take one input that came as `size` bytes. Stores a part when one is full."""
        self._part.append(item)
        self._part_bytes += size
        if len(self._part) >= PART_INPUTS or self._part_bytes >= PART_BYTES:
            async with self._keyring.transaction(self._principal.tenant_id) as (connection, keyset):
                await self._store_part(connection, keyset)
                await repository.change_job(connection, self.job_id)

    async def close(self, fingerprint: bytes) -> Row[Any]:
        """Store the rest and queue the job, in one transaction with the idempotency key and the audit entry.

        Args:
            fingerprint: keyed hash of what was asked, which a repeat with the same Idempotency-Key must have too.

        Raises:
            InvalidInput: there was no input.
            QueueFull: too many inputs of the tenant would be unfinished.
        """
        if not self.count:
            raise InvalidInput("Send at least one input.")
        async with self._keyring.transaction(self._principal.tenant_id) as (connection, keyset):
            await self._store_part(connection, keyset)
            job = await repository.change_job(connection, self.job_id, state=JobState.QUEUED, total=self._stored)
            await repository.add_chunks(connection, self.job_id, self._order.chunk_inputs)
            await fit_into_queue(connection, self._principal.tenant_id, self._order.most_queued)
            await self._record(connection)
            if self._order.idempotency is not None:
                await complete(connection, self._order.idempotency, self.job_id, fingerprint)
        return job

    async def touch(self) -> None:
        """Say that the upload still lives, however slow it is; the sweeper removes those that are silent."""
        if self._stored:
            await repository.touch_upload(self._database, self._principal.tenant_id, self.job_id)

    async def abort(self) -> None:
        """Remove what was stored; a job that was queued stays, whether or not its caller has heard of it."""
        if self._stored:
            async with self._database.transaction(self._principal.tenant_id) as connection:
                await repository.discard_upload(connection, self.job_id, clock.now())

    async def _store_part(self, connection: AsyncConnection, keyset: Keyset) -> None:
        if not self._stored:
            await self._open(connection, keyset)
        elif not await self._is_received(connection):
            raise InvalidInput(
                "The upload was deleted, as it was silent for too long, or as somebody whom it names was erased. "
                "Send it again."
            )
        part, self._part, self._part_bytes = self._part, [], 0
        if part:
            await repository.add_items(
                connection, self._principal.tenant_id, self.job_id, await self._sealed(connection, keyset, part)
            )
        self._stored += len(part)

    async def _is_received(self, connection: AsyncConnection) -> bool:
        job = await repository.lock_job(connection, self.job_id)
        return job is not None and job.state == JobState.RECEIVING

    async def _open(self, connection: AsyncConnection, keyset: Keyset) -> None:
        self._unnamed = await unnamed_subject(connection, keyset)
        await repository.add_job(
            connection,
            id=self.job_id,
            tenant_id=self._principal.tenant_id,
            workload=self._order.workload,
            state=JobState.RECEIVING,
            priority=self._order.priority,
            subject_id=self._unnamed.id,
            traceparent=self._order.traceparent,
            created_by=self._principal.key_id,
        )

    async def _sealed(self, connection: AsyncConnection, keyset: Keyset, part: Sequence[BaseModel]) -> list[NewItem]:
        names = [subject_of(item) for item in part]
        named = await named_subjects(connection, keyset, {name for name in names if name is not None})
        return [
            self._seal(self._stored + offset, item, named[name] if name is not None else self._unnamed_subject())
            for offset, (item, name) in enumerate(zip(part, names, strict=True))
        ]

    def _seal(self, ordinal: int, item: BaseModel, subject: Subject) -> NewItem:
        sealed = seal_input(subject.key, self._principal.tenant_id, self.job_id, ordinal, item)
        return NewItem(ordinal, subject.id, sealed)

    def _unnamed_subject(self) -> Subject:
        if self._unnamed is None:
            raise RuntimeError("the job was not opened before its items were sealed")
        return self._unnamed

    async def _record(self, connection: AsyncConnection) -> None:
        actor, resource = self._principal.key_id, f"job/{self.job_id}"
        await audit.record(
            connection, self._principal.tenant_id, actor, Action.JOB_CREATED, resource, inputs=self._stored
        )
