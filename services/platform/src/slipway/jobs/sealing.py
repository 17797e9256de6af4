"""Seals the inputs and outputs of a job's items. Nothing of an item is ever stored in plain text."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from slipway.jobs.schemas import Answer, ItemResult, ItemState, SealedItem
from slipway.keys.envelope import Aad, DataKey, open_sealed, seal
from slipway.keys.schemas import Keyset
from slipway.serving.predictor import Result
from slipway.subjects.refusals import Refusal
from slipway.workload import Failure

_NO_ATTEMPT_SURVIVED = {
    "code": "attempts_exhausted",
    "detail": "No attempt to answer this input came to its end. Retry the job's dead inputs, or change this one.",
}


def seal_input(key: DataKey, tenant: UUID, job: UUID, ordinal: int, item: BaseModel) -> bytes:
    """Seal an input for its place."""
    return seal(key, item.model_dump_json().encode(), _aad(tenant, job, ordinal, "input"))


class ItemSealer:
    """Opens and seals the items of one job of one tenant; unwraps each subject's key once."""

    def __init__(self, keyset: Keyset, job: UUID) -> None:
        self._keyset = keyset
        self._tenant = UUID(keyset.tenant)
        self._job = job
        self._keys: dict[UUID, DataKey] = {}

    def open_input(self, item: SealedItem, model: type[BaseModel]) -> BaseModel:
        """Open an input.

        Raises:
            SealBroken: it was changed or moved.
        """
        plain = open_sealed(self._key(item), item.input, _aad(self._tenant, self._job, item.ordinal, "input"))
        return model.model_validate_json(plain)

    def seal_result(self, item: SealedItem, result: Result) -> Answer:
        """Seal an output, or a failure."""
        failed = isinstance(result, Failure)
        plain = _failure_json(result) if isinstance(result, Failure) else result.model_dump_json().encode()
        sealed = seal(self._key(item), plain, _aad(self._tenant, self._job, item.ordinal, "output"))
        return Answer(item.ordinal, ItemState.DEAD if failed else ItemState.SUCCEEDED, sealed)

    def seal_refusal(self, item: SealedItem, refusal: Refusal) -> Answer:
        """Seal why nothing was made of an item."""
        return replace(self.seal_result(item, refusal.failure), refusal=refusal)

    def open_results(self, items: Sequence[SealedItem]) -> list[ItemResult]:
        """Open what became of each item."""
        return [self._open_result(item) for item in items]

    def _open_result(self, item: SealedItem) -> ItemResult:
        if item.state is ItemState.RESTRICTED:
            return ItemResult(item.ordinal, item.state, None, _shown(Refusal.RESTRICTED.failure))
        content = self._open_output(item)
        if item.state is ItemState.DEAD:
            return ItemResult(item.ordinal, item.state, None, content or _NO_ATTEMPT_SURVIVED)
        return ItemResult(item.ordinal, item.state, content, None)

    def _open_output(self, item: SealedItem) -> dict[str, Any] | None:
        if item.output is None:
            return None
        plain = open_sealed(self._key(item), item.output, _aad(self._tenant, self._job, item.ordinal, "output"))
        content: dict[str, Any] = json.loads(plain)
        return content

    def _key(self, item: SealedItem) -> DataKey:
        key = self._keys.get(item.subject_id)
        if key is None:
            key = self._keys[item.subject_id] = self._keyset.subject_key(str(item.subject_id), item.wrapped_key)
        return key


def _shown(failure: Failure) -> dict[str, str]:
    return {"code": failure.code, "detail": failure.detail}


def _failure_json(failure: Failure) -> bytes:
    return json.dumps(_shown(failure)).encode()


def _aad(tenant: UUID, job: UUID, ordinal: int, column: str) -> Aad:
    return Aad(str(tenant), "job_items", column, f"{job}/{ordinal}")
