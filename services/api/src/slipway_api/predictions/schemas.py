"""Bodies of the synchronous route, made from the workload's own types."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from slipway.workload import Failure
from slipway.workload.loader import AnyWorkload


class ItemError(BaseModel):
    """Why one input has no answer."""

    code: str = Field(description="Stable: programs may branch on it.")
    detail: str


class FailedItem(BaseModel):
    """Stands in the place of an answer."""

    error: ItemError

    @classmethod
    def of(cls, failure: Failure) -> "FailedItem":
        """Tell the caller about a failure."""
        return cls(error=ItemError(code=failure.code, detail=failure.detail))


def request_model(workload: AnyWorkload, most: int) -> type[BaseModel]:
    """Return the model of a request with 1 to `most` inputs; its example is made of those of the workload's input."""
    inputs: Any = Annotated[list[workload.Input], Field(min_length=1, max_length=most)]  # type: ignore[name-defined]
    examples = workload.Input.model_json_schema().get("examples")
    extra: Any = {"examples": [{"inputs": examples}]} if examples else None
    config = ConfigDict(extra="forbid", json_schema_extra=extra)
    return create_model(f"{_title(workload)}Request{most}", __config__=config, inputs=(inputs, ...))


def response_model(workload: AnyWorkload) -> type[BaseModel]:
    """Return the model of the answer: one result for each input, in order."""
    results: Any = list[workload.Output | FailedItem]  # type: ignore[name-defined]
    return create_model(f"{_title(workload)}Response", results=(results, ...))


def _title(workload: AnyWorkload) -> str:
    return workload.name.title().replace("-", "")
