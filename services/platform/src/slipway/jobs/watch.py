"""What one client has yet to see of a job."""

import asyncio
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from slipway.jobs.schemas import JobState, JobView


class JobChange(BaseModel):
    """What is announced of a job that changed: all of it that can change."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    state: JobState
    revision: int
    total: int
    succeeded: int
    dead: int
    started_at: datetime | None
    finished_at: datetime | None


class JobDeletion(BaseModel):
    """What is announced of a job that was deleted."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    state: Literal["deleted"] = "deleted"


class Watch:
    """A slot, not a queue: only the newest state counts, and it never goes back to an older revision."""

    def __init__(self, tenant: UUID, job_id: UUID, *, ended: bool = False) -> None:
        self.tenant = tenant
        """Whose job it has to be."""
        self.job_id = job_id
        self.deleted = False
        """Whether the job is gone. That is the last that is seen of it."""
        self.ended = ended
        """Whether nothing more will come, though the job may go on: the process stops."""
        self._job: JobView | None = None
        self._newest: JobChange | None = None
        self._seen: int | None = None
        self._news = asyncio.Event()

    def begin(self, job: JobView) -> None:
        """Tell the job as its owner read it. Until then nothing can be seen; what was offered is kept."""
        self._job = job
        self.offer(JobChange.model_validate(job))

    def offer(self, change: JobChange) -> None:
        """Tell a state; one that is not newer is ignored."""
        if self._newest is None or change.revision > self._newest.revision:
            self._newest = change
            self._news.set()

    def delete(self) -> None:
        """Tell that the job is gone."""
        self.deleted = True
        self._news.set()

    def end(self) -> None:
        """Tell that nothing more will come."""
        self.ended = True
        self._news.set()

    async def changed(self, seconds: float) -> bool:
        """Wait for something that was not seen yet; return whether it came in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def see(self) -> JobView | None:
        """Return the newest state, if it was not seen yet."""
        self._news.clear()
        if self._job is None or self._newest is None or self._newest.revision == self._seen:
            return None
        self._seen = self._newest.revision
        return self._job.model_copy(update=dict(self._newest))
