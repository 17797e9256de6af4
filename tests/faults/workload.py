"""A workload that fails on demand, as a plain function: its model stands for any that does."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from pydantic import BaseModel
from tests.faults.proxy import Fault

from slipway.workload import Failure, Workload


class Note(BaseModel):
    """A note to be counted."""

    text: str


class Count(BaseModel):
    """How long it is."""

    words: int


class Obedient(Workload[Note, Count]):
    """Counts words, 20 ms a batch; fails as it is told."""

    name = "obedient"
    Input = Note
    Output = Count
    max_batch: ClassVar[int] = 4
    time_limit: ClassVar[float] = 1.0
    load_limit: ClassVar[float] = 1.0
    fault: ClassVar[Fault] = Fault.NONE
    thawed: ClassVar[threading.Event] = threading.Event()

    def load(self) -> None:
        self._do(slow=0.3)

    def predict(self, batch: Sequence[Note]) -> Sequence[Count | Failure]:
        time.sleep(0.02)
        if self._do(slow=0.3):
            return []
        return [Count(words=len(note.text.split())) for note in batch]

    def _do(self, slow: float) -> bool:
        """Fail as told; return whether to answer with garbage."""
        match Obedient.fault:
            case Fault.DOWN:
                raise ConnectionError("the model is away")
            case Fault.SLOW:
                time.sleep(slow)
            case Fault.FROZEN:
                Obedient.thawed.wait(60)
        return Obedient.fault is Fault.GARBAGE


@contextmanager
def failing_model(fault: Fault) -> Iterator[None]:
    """Let every instance in this process fail inside the block; what hung goes on behind it."""
    Obedient.thawed.clear()
    Obedient.fault = fault
    try:
        yield
    finally:
        Obedient.fault = Fault.NONE
        Obedient.thawed.set()


class Hanging(Obedient):
    """Loads, and never answers."""

    def predict(self, batch: Sequence[Note]) -> Sequence[Count | Failure]:
        raise AssertionError(threading.Event().wait())
