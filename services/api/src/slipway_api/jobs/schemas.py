"""Bodies and parameters of the job routes."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model

from slipway.jobs.schemas import ItemState, JobState, JobView
from slipway.workload.loader import AnyWorkload
from slipway_api.predictions.schemas import ItemError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SubmitQuery(BaseModel):
    """Parameters of a new job."""

    model_config = ConfigDict(extra="forbid")

    priority: int = Field(5, ge=0, le=9, description="0 (last) to 9 (first), among your own and others' jobs.")


class ListQuery(BaseModel):
    """Parameters of a page of jobs."""

    model_config = ConfigDict(extra="forbid")

    state: JobState | None = Field(None, description="Only jobs in this state.")
    limit: int = Field(20, ge=1, le=100, description="Most jobs on the page.")
    cursor: str | None = Field(None, pattern="^[0-9]{16}[0-9a-f]{32}$", description="`next` of the page before.")


class ResultsQuery(BaseModel):
    """Parameters of a page of results."""

    model_config = ConfigDict(extra="forbid")

    first: int = Field(0, ge=0, le=2**31 - 1, description="Ordinal of the first result: `next` of the page before.")
    limit: int = Field(100, ge=1, le=1_000, description="Most results on the page.")


class JobPage(BaseModel):
    """A page of jobs, the newest first."""

    jobs: list[JobView]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class _Result(BaseModel):
    ordinal: int = Field(description="Position of the input in the job, from 0.")
    state: ItemState
    error: ItemError | None


def result_model(workload: AnyWorkload) -> type[BaseModel]:
    """Return the model of one result: the workload's output, or an error, or neither while it is pending."""
    output: Any = workload.Output | None
    return create_model("JobResult", __base__=_Result, output=(output, ...))


def results_page_model(result: type[BaseModel]) -> type[BaseModel]:
    """Return the model of a page of results, in the order of the inputs."""
    results: Any = list[result]  # type: ignore[valid-type]  # made from the workload
    following = Annotated[int | None, Field(description="`first` of the next page; null on the last.")]
    return create_model("JobResultsPage", results=(results, ...), next=(following, ...))


def write_cursor(job: JobView) -> str:
    """Return the position behind a job: microseconds since 1970, then the id. Callers need not know."""
    return f"{(job.created_at - _EPOCH) // timedelta(microseconds=1):016}{job.id.hex}"


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Return the position that a cursor stands for. It has matched the pattern."""
    return _EPOCH + timedelta(microseconds=int(cursor[:16])), UUID(cursor[16:])
