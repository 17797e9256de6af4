"""A peer as the bench measures it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from loadtests.bench.kind import Kind
from loadtests.bench.peers import session
from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.environments import python_of
from loadtests.bench.peers.model import WAYS
from loadtests.bench.systems.processes import family
from loadtests.bench.systems.server import bare_environment, serving
from loadtests.bench.systems.system import Endpoint, Places, Variant
from slipway_cli.servers.ports import free_port
from triage.encoder.runs import MOST_PADDING, MOST_TOKENS

ROOT = Path(__file__).parents[3]
_JSON = {"Content-Type": "application/json"}
_ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1") | {"TOKENIZERS_PARALLELISM": "false"}
"""One thread for each text: the processors work on different ones."""
_START_SECONDS = 120.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Launch:
    """How a server is started, but for what all of them have in common."""

    arguments: Sequence[str]
    """Of the environment's interpreter."""
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Peer:
    """One framework, in its own environment."""

    name: str
    variants: tuple[Variant, ...]
    path: str
    """Of the route that predicts."""
    health: str
    """Of the route that says that the server runs."""
    encode: Callable[[Sequence[str]], bytes]
    answers: Callable[[bytes], int]
    launching: Callable[[Assignment, Variant, Path], AbstractContextManager[Launch]]
    """Says how to start a configuration, given a folder of its own, and clears up what is left of it afterwards."""

    @contextmanager
    def running(self, variant: Variant, places: Places) -> Iterator[Endpoint]:
        """Serve one configuration.

        Raises:
            RuntimeError: the environment cannot be installed, or the server does not start; the text says why.
        """
        python, assignment, folder = python_of(self.name), _assignment(variant, places), places.var.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        url, log = f"http://127.0.0.1:{assignment.port}{self.path}", folder / "server.log"
        common = bare_environment() | _ALONE | {"HOME": str(folder), "PYTHONPATH": str(ROOT)}
        with self.launching(assignment, variant, folder) as launch:
            command = [str(python), *launch.arguments]
            environment = common | assignment.to_environment() | dict(launch.environment)
            with serving(command, environment, assignment.port, log, path=self.health, seconds=_START_SECONDS) as pid:
                self._wait_for_answer(url, log)
                yield Endpoint(url, _JSON, self.encode, self.answers, lambda: family(pid))

    def _wait_for_answer(self, url: str, log: Path) -> None:
        """Ask until the answer is right: a server may listen before its model is loaded."""
        deadline, body, said = time.monotonic() + _START_SECONDS, self.encode(["Where is my parcel?"]), ""
        while time.monotonic() < deadline:
            try:
                response = httpx.post(url, content=body, headers=_JSON, timeout=_START_SECONDS)
            except httpx.TransportError as error:
                said = str(error)
            else:
                if self.answers(response.content) == 1:
                    return
                said = f"{response.status_code} {response.text}"
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"{self.name} does not predict, it says: {said}. Its log: {log}")


def _assignment(variant: Variant, places: Places) -> Assignment:
    settings = variant.settings
    return Assignment(
        model={
            "encoder": str(places.models.absolute()),
            "heads": str(places.heads.absolute()),
            "way": settings["way"],
            "bounds": [MOST_TOKENS, MOST_PADDING],
            "session": session.attributes() | {"intra_op_num_threads": settings["threads"]},
            "entries": session.entries(),
        },
        port=free_port(),
        workers=int(settings["workers"]),
        batch=int(settings["batch"]),
        wait_ms=float(settings.get("wait_ms", 0)),
        servers=int(settings.get("servers", 0)),
    )


def variants(*configurations: Mapping[str, str | float | bool]) -> tuple[Variant, ...]:
    """Return each configuration with every way to run a batch: none is tried with one kind of ways alone."""
    return tuple(_variant({**settings, "way": way}) for settings in configurations for way in WAYS)


def _variant(settings: Mapping[str, str | float | bool]) -> Variant:
    chosen: dict[str, str | float | bool] = {"workers": 2, "threads": 1, **settings}
    name = ", ".join(f"{name} {value}" for name, value in chosen.items())
    return Variant(name, chosen, Kind.SORTED if chosen["way"] == "sorted" else Kind.DOCUMENTED)
