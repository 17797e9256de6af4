"""Inputs and answers, stored as they are."""

import json
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from slipway.jobs.schemas import Answer, ItemState, SealedItem
from slipway.jobs.sealing import ItemSealer
from slipway.keys.envelope import DataKey
from slipway.serving.predictor import Result
from slipway.workload import Failure


def copy_input(_key: DataKey, _tenant: UUID, _job: UUID, _ordinal: int, item: BaseModel) -> bytes:
    """Return an input as JSON, in the place of `seal_input`."""
    return item.model_dump_json().encode()


class ItemCopier(ItemSealer):
    """Reads and writes JSON, in the place of `ItemSealer`."""

    def open_input(self, item: SealedItem, model: type[BaseModel]) -> BaseModel:
        """Read an input."""
        return model.model_validate_json(item.input)

    def seal_result(self, item: SealedItem, result: Result) -> Answer:
        """Write an output, or a failure."""
        if isinstance(result, Failure):
            told = json.dumps({"code": result.code, "detail": result.detail}).encode()
            return Answer(item.ordinal, ItemState.DEAD, told)
        return Answer(item.ordinal, ItemState.SUCCEEDED, result.model_dump_json().encode())

    def _open_output(self, item: SealedItem) -> dict[str, Any] | None:
        if item.output is None:
            return None
        content: dict[str, Any] = json.loads(item.output)
        return content
