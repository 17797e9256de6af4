"""A workload whose answers say which artifact gave them, and which others shared its batch."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from slipway.workload import Workload


class Question(BaseModel):
    """Anything."""

    model_config = ConfigDict(extra="forbid")

    text: str


class Signed(BaseModel):
    """Who answered, and whom with it."""

    model_config = ConfigDict(protected_namespaces=())

    model: str
    together: list[str]


class Named(Workload[Question, Signed]):
    """Takes 5 ms a batch."""

    name = "named"
    Input = Question
    Output = Signed
    max_batch: ClassVar[int] = 8

    @property
    def version(self) -> str:
        """Return what the settings call the artifact."""
        return f"{self.context.model}+loaded"

    async def predict(self, batch: Sequence[Question]) -> Sequence[Signed]:
        await asyncio.sleep(0.005)
        together = [question.text for question in batch]
        return [Signed(model=self.context.model, together=together) for _ in batch]
