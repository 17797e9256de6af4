"""How BentoML is configured, started, asked and understood."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.peer import ROOT, Launch, Peer, variants
from loadtests.bench.systems.answers import count
from loadtests.bench.systems.system import Variant


@contextmanager
def _launching(assignment: Assignment, variant: Variant, folder: Path) -> Iterator[Launch]:
    del variant
    service = "loadtests.bench.peers.bentoml.service:Triage"
    where = ["--host", "127.0.0.1", "--port", str(assignment.port), "--working-dir", str(ROOT)]
    environment = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "bentoml")}
    yield Launch(["-m", "bentoml", "serve", service, *where], environment)


def _encode(texts: Sequence[str]) -> bytes:
    return json.dumps({"texts": texts}).encode()


def _answers(body: bytes) -> int:
    try:
        return count(json.loads(body))
    except ValueError:
        return 0


SYSTEM = Peer(
    name="bentoml",
    variants=variants(
        {"batch": 1},
        {"batch": 32},
        {"batch": 64},
        {"workers": 1, "threads": 2, "batch": 64},
    ),
    path="/predict",
    health="/readyz",
    encode=_encode,
    answers=_answers,
    launching=_launching,
)
