"""Slipway as it is: every process of the local stack, every feature on.

PostgreSQL, Redis and all services run. Requests have a key that is checked, and are counted against a rate limit that
nobody reaches; the queue before the model is bounded; flags are asked of the client of the flag server; audit, metrics
and logs are written; traces are sampled as they are by default and exported to a collector that takes them. All of it
counts as Slipway's.
"""

import asyncio
import http.client
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.bench.systems.processes import family
from loadtests.bench.systems.server import bare_environment, serving
from loadtests.bench.systems.system import Endpoint, Places, Variant
from loadtests.bench.systems.triage_api import JSON, ROUTE, answers, encode
from loadtests.overload.target import GENEROUS, own_folder
from slipway.flags.bootstrap import read_bootstrap
from slipway.tenants.schemas import Scope
from slipway_cli.keys import new_token
from slipway_cli.servers.ports import free_port
from slipway_cli.stack.local import LocalStack

_API, _SERVERS = "api", ("postgres", "redis")
QUEUE_SECONDS = 1
"""The bound of the queue, twice the default: 8 requests of 32 messages are half a second of two cores, and a closed
loop would come again at once, however long it was asked to wait. Nobody else here bounds a queue."""


class Slipway:
    """All features on."""

    name = "slipway"
    variants = (Variant("all features on"),)

    @contextmanager
    def running(self, variant: Variant, places: Places) -> Iterator[Endpoint]:
        """Start a stack in a folder of its own, with free ports; stop and remove it at the end.

        Raises:
            RuntimeError: no span reached the collector: then not every feature was on.
        """
        del variant
        with own_folder("bench") as var, _collector(places) as (port, collector):
            with _environment(_settings(var, places, port)), LocalStack(var, any_ports=True) as stack:
                yield _endpoint(stack, collector)
            if not _exports(port):
                raise RuntimeError("Slipway exported no trace to the bench's collector: not every feature was on.")


@contextmanager
def _collector(places: Places) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "loadtests.bench.systems.collector", str(port)]
    with serving(command, bare_environment(), port, places.var / "collector.log") as pid:
        yield port, pid


def _settings(var: Path, places: Places, collector: int) -> dict[str, str]:
    flags = var / "flags.json"
    flags.write_text(read_bootstrap(None), encoding="utf-8")
    return {
        "SLIPWAY_RATE_LIMIT_PER_MINUTE": str(GENEROUS),
        "SLIPWAY_BATCH_QUEUE_SECONDS": str(QUEUE_SECONDS),
        "SLIPWAY_MODELS_DIR": str(places.models.parent.parent.absolute()),
        "SLIPWAY_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
        "SLIPWAY_FLAGS_FILE": str(flags),
    }


def _endpoint(stack: LocalStack, collector: int) -> Endpoint:
    token = asyncio.run(new_token(stack.settings, "bench", Scope.PREDICT))

    def pids() -> set[int]:
        return family(collector, *(status.pid for status in stack.processes.values() if status.pid))

    def supporting() -> set[int]:
        return pids() - family(stack.processes[_API].pid or 0)

    def servers() -> set[int]:
        return family(*(pid for name in _SERVERS if name in stack.processes and (pid := stack.processes[name].pid)))

    headers = JSON | {"Authorization": f"Bearer {token}"}
    return Endpoint(f"{stack.api_url}{ROUTE}", headers, encode, answers, pids, supporting, servers)


def _exports(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", "/")
        return int(json.loads(connection.getresponse().read())["exports"])
    finally:
        connection.close()


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Have these settings of Slipway's and no others, for the processes of the stack get ours."""
    before, bare = dict(os.environ), bare_environment()
    os.environ.clear()
    os.environ.update(bare | settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
