"""The sample workload, misbehaving on request: what a text carries decides whether its call crashes, hangs or is slow.

What it did is kept in the folder that `CHAOS_FOLDER` names, as a process that crashes remembers nothing.
"""

import hashlib
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from slipway.workload import Context, Workload
from triage.workload import Decision, Message, Triage

POISON, HANG, SLOW = "[poison]", "[hang]", "[slow]"
FOLDER = "CHAOS_FOLDER"
ATTEMPTS = "attempts.jsonl"
TIME_LIMIT, HANG_SECONDS, SLOW_SECONDS = 5.0, 60.0, 0.5


class MarkedDecision(Decision):
    """A decision that says which text it is about."""

    fingerprint: str


class UnrulyTriage(Workload[Message, MarkedDecision]):
    """Poison kills the process whenever it is predicted; what hangs does so once; what is slow always is."""

    name: ClassVar[str] = Triage.name
    Input = Message
    Output = MarkedDecision
    max_batch: ClassVar[int] = Triage.max_batch
    time_limit: ClassVar[float] = TIME_LIMIT

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._triage = Triage(context)
        self._folder = Path(os.environ[FOLDER])

    @property
    def version(self) -> str:
        """The model's."""
        return self._triage.version

    @property
    def lanes(self) -> int:
        """The model's."""
        return self._triage.lanes

    def load(self) -> None:
        """Load the model."""
        self._triage.load()

    def cost(self, item: Message) -> int:
        """Return what the sample says."""
        return self._triage.cost(item)

    def predict(self, batch: Sequence[Message]) -> Sequence[MarkedDecision]:
        """Misbehave as the texts say, then decide."""
        for message in batch:
            self._misbehave(message.text, len(batch))
        decisions = zip(batch, self._triage.predict(batch), strict=True)
        return [
            MarkedDecision(**decision.model_dump(), fingerprint=fingerprint(message.text))
            for message, decision in decisions
        ]

    def _misbehave(self, text: str, together: int) -> None:
        if POISON in text:
            self._note(POISON, text, together)
            os.kill(os.getpid(), signal.SIGKILL)
            os._exit(128 + signal.SIGKILL)  # the first process of a container does not die of its own signal
        if HANG in text and self._first_time(text):
            self._note(HANG, text, together)
            time.sleep(HANG_SECONDS)
        if SLOW in text:
            self._note(SLOW, text, together)
            time.sleep(SLOW_SECONDS)

    def _note(self, what: str, text: str, together: int) -> None:
        line = {"what": what, "fingerprint": fingerprint(text), "together": together, "at": time.time()}
        with (self._folder / ATTEMPTS).open("ab", buffering=0) as file:
            file.write(json.dumps(line).encode() + b"\n")
            os.fsync(file.fileno())

    def _first_time(self, text: str) -> bool:
        try:
            (self._folder / f"hung-{fingerprint(text)}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def fingerprint(text: str) -> str:
    """Return what stands for a text in answers and notes."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]
