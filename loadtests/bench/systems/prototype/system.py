"""Starts the prototype for the bench."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from loadtests.bench.systems.answers import count_in
from loadtests.bench.systems.processes import family
from loadtests.bench.systems.server import bare_environment, serving
from loadtests.bench.systems.system import Endpoint, Places, Variant
from loadtests.bench.systems.triage_api import JSON
from slipway_cli.servers.ports import free_port

OPTIONS = "BENCH_PROTOTYPE"
"""Environment variable with the arguments of the model, as JSON."""
_SERVICE = "loadtests.bench.systems.prototype.service:app"
_ONE_THREAD = {"intra_op_num_threads": 1}


class Prototype:
    """A bare FastAPI endpoint around the session, on uvicorn with uvloop and httptools.

    One process or two; ONNX Runtime with a thread for each core, as it is by default, or with one for each request.
    """

    name = "prototype"
    variants = tuple(
        Variant(
            f"{workers} x {'default threads' if not threads else 'one thread'}, {way}",
            {"workers": workers, "threads": threads, "way": way},
        )
        for workers in (1, 2)
        for threads in (0, 1)
        for way in ("padded", "each")
        if threads or workers == 1
    )

    @contextmanager
    def running(self, variant: Variant, places: Places) -> Iterator[Endpoint]:
        """Start it on a free port."""
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", _SERVICE, "--port", str(port), "--no-access-log"]
        command += ["--workers", str(variant.settings["workers"]), "--loop", "uvloop", "--http", "httptools"]
        environment = bare_environment() | {OPTIONS: _arguments(variant, places)}
        with serving(command, environment, port, places.var / "server.log", path="/docs") as pid:
            yield Endpoint(f"http://127.0.0.1:{port}/predict", JSON, _encode, _answers, lambda: family(pid))


def _arguments(variant: Variant, places: Places) -> str:
    session = _ONE_THREAD if variant.settings["threads"] else {}
    found = {"encoder": str(places.models), "heads": str(places.heads), "session": session, "entries": {}, "bounds": []}
    return json.dumps(found | {"way": variant.settings["way"]})


def _encode(texts: Sequence[str]) -> bytes:
    return json.dumps({"texts": list(texts)}).encode()


_answers = partial(count_in, field="answers")
