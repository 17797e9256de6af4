"""Starts it for the bench."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from loadtests.bench.systems.processes import family
from loadtests.bench.systems.server import bare_environment, serving
from loadtests.bench.systems.system import Endpoint, Places, Variant
from loadtests.bench.systems.triage_api import JSON, ROUTE, answers, encode
from slipway_cli.servers.ports import free_port


class ApparatusOff:
    """FastAPI, our batcher and the model."""

    name = "apparatus_off"
    variants = (Variant("apparatus off"),)

    @contextmanager
    def running(self, variant: Variant, places: Places) -> Iterator[Endpoint]:
        """Start it on a free port."""
        del variant
        port = free_port()
        command = [sys.executable, "-m", "loadtests.bench.systems.apparatus_off.service", str(port)]
        environment = bare_environment() | {"SLIPWAY_MODELS_DIR": str(places.models.parent.parent)}
        with serving(command, environment, port, places.var / "server.log") as pid:
            yield Endpoint(f"http://127.0.0.1:{port}{ROUTE}", JSON, encode, answers, lambda: family(pid))
