"""How LitServe is configured, started, asked and understood."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.peer import Launch, Peer, variants
from loadtests.bench.systems.answers import count_in
from loadtests.bench.systems.system import Variant
from loadtests.bench.systems.triage_api import encode


@contextmanager
def _launching(assignment: Assignment, variant: Variant, folder: Path) -> Iterator[Launch]:
    del assignment, variant, folder
    yield Launch(["-m", "loadtests.bench.peers.litserve.service"], {})


def _answers(body: bytes) -> int:
    return count_in(body, "outputs")


SYSTEM = Peer(
    name="litserve",
    variants=variants(
        {"batch": 1, "servers": 1},
        {"batch": 4, "wait_ms": 1, "servers": 1},
        {"batch": 8, "wait_ms": 1, "servers": 1},
        {"batch": 32, "wait_ms": 5, "servers": 1},
        {"batch": 8, "wait_ms": 1, "servers": 2},
        {"workers": 1, "threads": 2, "batch": 64, "wait_ms": 10, "servers": 1},
    ),
    path="/predict",
    health="/health",
    encode=encode,
    answers=_answers,
    launching=_launching,
)
