"""How Ray Serve is configured, started, asked and understood."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.peer import Launch, Peer, variants
from loadtests.bench.systems.answers import count_in
from loadtests.bench.systems.system import Variant
from loadtests.bench.systems.triage_api import encode
from slipway_cli.servers.ports import free_port


@contextmanager
def _launching(assignment: Assignment, variant: Variant, folder: Path) -> Iterator[Launch]:
    del assignment, folder
    # Paths of sockets have at most 107 characters, so the folder cannot be any.
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as sockets:
        environment = {
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            "RAY_SERVE_ENABLE_HA_PROXY": str(int(variant.settings["haproxy"])),
            "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": f"{sockets}/haproxy.cfg",
            "RAY_SERVE_HAPROXY_SOCKET_PATH": f"{sockets}/haproxy.sock",
            "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": sockets,
            "RAY_SERVE_HAPROXY_STATS_PORT": str(free_port()),
            "RAY_SERVE_HAPROXY_METRICS_PORT": str(free_port()),
            "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(free_port()),
            "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": f"{sockets}/haproxy-state",
        }
        yield Launch(["-m", "loadtests.bench.peers.ray.service", sockets], environment)


def _answers(body: bytes) -> int:
    return count_in(body, "outputs")


SYSTEM = Peer(
    name="ray",
    variants=variants(
        {"batch": 1, "haproxy": True},
        {"batch": 4, "wait_ms": 1, "haproxy": True},
        {"batch": 8, "wait_ms": 1, "haproxy": True},
        {"batch": 32, "wait_ms": 5, "haproxy": True},
        {"batch": 8, "wait_ms": 1, "haproxy": False},
        {"workers": 1, "threads": 2, "batch": 64, "wait_ms": 10, "haproxy": True},
    ),
    path="/",
    health="/-/healthz",
    encode=encode,
    answers=_answers,
    launching=_launching,
)
