"""Tells those who watch jobs what changes. However many there are, one connection of the process listens for them all.

A trigger announces each change with all that changed, so that nothing has to be read again for it. What may have been
missed is: all watched jobs are read after each time that listening began, now and then while it lasts (a pooler
between may take the LISTEN and drop what is announced), and at each attempt while it fails.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from slipway.database import Database
from slipway.database.listener import listening
from slipway.errors import Overloaded, Unavailable
from slipway.jobs import service
from slipway.jobs.watch import JobChange, JobDeletion, Watch
from slipway.settings import Settings
from slipway.telemetry.logs import get_logger

CHANNEL = "slipway_jobs"
REPEAT_SECONDS = 2.0
"""Pause between two attempts to listen, and so between two reads of the watched jobs while none succeeds."""
_CHECK_SECONDS = 15.0

_ANNOUNCEMENT: TypeAdapter[JobChange | JobDeletion] = TypeAdapter(JobChange | JobDeletion)

log = get_logger(__name__)


class Announcements:
    """The watches of one process. They hold no connection, and what one client does not fetch delays no other."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._watches: defaultdict[UUID, set[Watch]] = defaultdict(set)
        self._count = 0
        self._wanted = asyncio.Event()
        self._ended = False

    def count(self) -> float:
        """Return how many watch."""
        return float(self._count)

    @asynccontextmanager
    async def watch(self, tenant: UUID, job_id: UUID) -> AsyncIterator[Watch]:
        """Watch a job of a tenant to the end of the block. Its state at the beginning is the first that is seen.

        Raises:
            NotFound: there is none of that id, or it is another tenant's.
            Overloaded: as many watch as may.
            Unavailable: PostgreSQL does not answer.
        """
        # Registered before it is read: what changes in between is not missed.
        with self._registered(tenant, job_id) as watch:
            async with self._database.transaction(tenant) as connection:
                job = await service.get_job(connection, job_id)
            watch.begin(job)
            yield watch

    async def follow(self) -> None:
        """Once somebody watches, hand on what is announced until PostgreSQL is away. Run it again and again.

        Raises:
            Unavailable: it is away. If it was only the listening that failed, what was missed has been read.
        """
        await self._wanted.wait()
        try:
            async with listening(self._settings, CHANNEL) as listener:
                log.info("announcements.listening")
                while True:
                    await self._read_again()
                    await listener.hear(_CHECK_SECONDS, self._announce)
        except Unavailable:
            await self._read_again()
            raise

    def end(self) -> None:
        """Let every watch end, and those that still begin end with their first state."""
        self._ended = True
        for watch in self._all():
            watch.end()

    def end_unless(self, allowed: Callable[[UUID], bool]) -> None:
        """Let the watches end of those tenants that are not, or no longer, allowed to watch."""
        for tenant, watches in self._by_tenant().items():
            if not allowed(tenant):
                for watch in watches:
                    watch.end()

    @contextmanager
    def _registered(self, tenant: UUID, job_id: UUID) -> Iterator[Watch]:
        if self._count >= self._settings.max_watchers:
            detail = "Too many streams are open here. Try again in a moment, or poll the job."
            raise Overloaded(detail, headers={"Retry-After": "5"})
        watch = Watch(tenant, job_id, ended=self._ended)
        self._watches[job_id].add(watch)
        self._count += 1
        self._wanted.set()
        try:
            yield watch
        finally:
            self._count -= 1
            self._watches[job_id].discard(watch)
            if not self._watches[job_id]:
                del self._watches[job_id]

    def _announce(self, payload: str) -> None:
        """Hand a notification to those who watch its job."""
        try:
            announced = _ANNOUNCEMENT.validate_json(payload)
        except ValidationError:
            # Every role that may connect may notify.
            log.warning("announcements.unreadable")
            return
        for watch in self._watches.get(announced.id, ()):
            if isinstance(announced, JobDeletion):
                watch.delete()
            else:
                watch.offer(announced)

    async def _read_again(self) -> None:
        """Read all watched jobs: one short transaction for each tenant, one after the other."""
        for tenant, watches in self._by_tenant().items():
            async with self._database.transaction(tenant) as connection:
                found = await service.find_jobs(connection, {watch.job_id for watch in watches})
            changes = {job.id: JobChange.model_validate(job) for job in found}
            for watch in watches:
                if watch.job_id in changes:
                    watch.offer(changes[watch.job_id])
                else:
                    watch.delete()

    def _by_tenant(self) -> dict[UUID, list[Watch]]:
        grouped = defaultdict(list)
        for watch in self._all():
            grouped[watch.tenant].append(watch)
        return grouped

    def _all(self) -> list[Watch]:
        return [watch for watches in self._watches.values() for watch in watches]
