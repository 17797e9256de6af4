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
    """Return the model of a request with 1 to `most` inputs."""
    inputs: Any = Annotated[list[workload.Input], Field(min_length=1, max_length=most)]  # type: ignore[name-defined]
    config = ConfigDict(extra="forbid", json_schema_extra=_example("inputs", workload.Input))
    return create_model(f"{_title(workload)}Request{most}", __config__=config, inputs=(inputs, ...))


def response_model(workload: AnyWorkload) -> type[BaseModel]:
    """Return the model of the answer: one result for each input, in order."""
    results: Any = list[workload.Output | FailedItem]  # type: ignore[name-defined]
    config = ConfigDict(json_schema_extra=_example("results", workload.Output))
    return create_model(f"{_title(workload)}Response", __config__=config, results=(results, ...))


def _title(workload: AnyWorkload) -> str:
    return workload.name.title().replace("-", "")


def _example(field: str, model: type[BaseModel]) -> dict[str, Any]:
    """Return an example of a list of the model, if the model's schema has examples."""
    examples = model.model_json_schema().get("examples")
    return {"examples": [{field: examples}]} if examples else {}
