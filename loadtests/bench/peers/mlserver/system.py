"""How MLServer is configured, started, asked and understood."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.peer import Launch, Peer, variants
from loadtests.bench.systems.answers import count
from loadtests.bench.systems.system import Variant
from slipway_cli.servers.ports import free_port

_PROGRAM = "from mlserver.cli import main; main()"


@contextmanager
def _launching(assignment: Assignment, variant: Variant, folder: Path) -> Iterator[Launch]:
    del variant
    server = {
        "debug": False,
        "host": "127.0.0.1",
        "http_port": assignment.port,
        "grpc_port": free_port(),
        "metrics_endpoint": None,
        "gzip_enabled": False,
        "parallel_workers": assignment.workers,
        "environments_dir": str(folder / "environments"),
    }
    model = {
        "name": "triage",
        "implementation": "loadtests.bench.peers.mlserver.service.Triage",
        "max_batch_size": assignment.batch,
        "max_batch_time": assignment.wait_ms / 1000,
    }
    for name, settings in (("settings", server), ("model-settings", model)):
        (folder / f"{name}.json").write_text(json.dumps(settings), encoding="utf-8")
    yield Launch(["-c", _PROGRAM, "start", str(folder)], {})


def _encode(texts: Sequence[str]) -> bytes:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [len(texts), 1], "data": texts}
    return json.dumps({"inputs": [tensor]}).encode()


def _answers(body: bytes) -> int:
    """Read the answers from tensors, one a field."""
    try:
        tensors = {output["name"]: output["data"] for output in json.loads(body)["outputs"]}
        return count([dict(zip(tensors, row, strict=True)) for row in zip(*tensors.values(), strict=True)])
    except (ValueError, KeyError, TypeError):
        return 0


SYSTEM = Peer(
    name="mlserver",
    variants=variants(
        {"batch": 1},
        {"batch": 4, "wait_ms": 1},
        {"batch": 8, "wait_ms": 1},
        {"batch": 32, "wait_ms": 5},
        {"workers": 1, "threads": 2, "batch": 64, "wait_ms": 10},
    ),
    path="/v2/models/triage/infer",
    health="/v2/health/ready",
    encode=_encode,
    answers=_answers,
    launching=_launching,
)
