"""`PYTHONPATH=tests python -m e2e.log_stack`: the way of the logs by itself, with the real collector and Elasticsearch.

Needs Docker and the images that docker-compose.yml names. Its containers, `logstest-...`, are gone after it.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import yaml
from pydantic import SecretStr

from e2e import logs
from e2e.command import ROOT, run
from e2e.failure import UnmetError, demand, wait_for
from slipway.logstore.__main__ import prepare
from slipway.logstore.retention import Expired, Retention
from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics

_IMAGES = {
    name: service["image"]
    for name, service in yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].items()
    if "image" in service
}
_SPEAKER = "python:3.13-slim"
_CONFIGURATION = ROOT / "monitoring" / "otelcol"
_AWAY_SECONDS = 45.0
_START_SECONDS = 180.0
_STILL_SECONDS = 120
"""How long a container that has written stays: what its driver still holds would go with it."""
_OLD = ["slipway-logs-2020.01.01", "slipway-logs-2020.01.02"]
_ALIKE = ["slipway-logs-2020.01.01-restored", "slipway-logs-today"]


def _driver(port: str) -> list[str]:
    options = {
        "fluentd-address": f"127.0.0.1:{port}",
        "fluentd-async": "true",
        "fluentd-request-ack": "true",
        "fluentd-sub-second-precision": "true",
        "tag": "logstest",
    }
    return ["--log-driver=fluentd", *(f"--log-opt={name}={value}" for name, value in options.items())]


@dataclass
class LogStack:
    """A collector and an Elasticsearch, on a network of their own."""

    name: str
    password: str
    folder: Path

    def start(self) -> None:
        """Start both at the same time, as compose does: lines may come before Elasticsearch can take them."""
        run(["docker", "network", "create", self.name])
        run(["docker", "volume", "create", self.name])
        run(["docker", "run", "--rm", f"--volume={self.name}:/state", _SPEAKER, "chown", "10001:10001", "/state"])
        (self.folder / "elastic_password").write_text(self.password)
        self._run(
            "elasticsearch",
            "--publish=127.0.0.1::9200",
            "--env=discovery.type=single-node",
            "--env=xpack.security.http.ssl.enabled=false",
            "--env=action.auto_create_index=-slipway-logs-*,+*",
            "--env=ES_JAVA_OPTS=-Xms512m -Xmx512m",
            "--env=ELASTIC_PASSWORD",
        )
        self._run(
            "otelcol",
            "--publish=127.0.0.1::24224",
            f"--volume={_CONFIGURATION}:/etc/otelcol:ro",
            f"--volume={self.folder}:/run/slipway:ro",
            f"--volume={self.name}:/state",
            arguments=["--config=/etc/otelcol/config.yaml"],
        )

    def remove(self) -> None:
        """Remove all of it."""
        found = run(["docker", "ps", "--all", "--quiet", f"--filter=name={self.name}"]).split()
        if found:
            run(["docker", "rm", "--force", "--volumes", *found])
        run(["docker", "network", "rm", self.name])
        run(["docker", "volume", "rm", self.name])

    @property
    def settings(self) -> Settings:
        """Settings of a worker that knows this log store."""
        return Settings(_env_file=None, log_store_url=self._url, log_store_password=SecretStr(self.password))

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask Elasticsearch; nothing is found while it is away."""
        try:
            return dict(self._call("POST", path, body))
        except (httpx.HTTPError, UnmetError):
            return {"hits": {"hits": []}}

    def speak(self, text: str, rate: float) -> str:
        """Write lines in a container."""
        name = f"{self.name}-{secrets.token_hex(4)}"
        port = run(["docker", "port", f"{self.name}-otelcol", "24224/tcp"]).strip().rpartition(":")[2]
        pace = [f"--env=SPEAK_PAUSE={1 / rate if rate else 0}", f"--env=SPEAK_AFTER={_STILL_SECONDS}"]
        command = ["docker", "create", "--interactive", f"--name={name}", *pace, *_driver(port), _SPEAKER]
        run([*command, "python", "-c", logs.PRINT])
        speaking = subprocess.Popen(
            ["docker", "start", "--attach", "--interactive", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self._speaking.append(speaking)
        assert speaking.stdin is not None
        with speaking.stdin as pipe:
            pipe.write(text)
        return name

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop Elasticsearch for a while."""
        run(["docker", "stop", f"{self.name}-elasticsearch"])
        yield
        sleep(_AWAY_SECONDS)
        run(["docker", "start", f"{self.name}-elasticsearch"])

    def create(self, index: str) -> None:
        """Make an empty index."""
        self._call("PUT", f"/{index}")

    def indices(self) -> set[str]:
        """Return the names of all indices that begin like ours."""
        return {row["index"] for row in self._call("GET", "/_cat/indices/slipway-logs-*?format=json")}

    def end_speakers(self) -> None:
        """End the containers that have written."""
        for speaking in self._speaking:
            speaking.kill()
            speaking.wait()

    @cached_property
    def _speaking(self) -> list["subprocess.Popen[str]"]:
        return []

    @property
    def _url(self) -> str:
        """The address of Elasticsearch, which is another after each of its starts."""
        return f"http://{run(['docker', 'port', f'{self.name}-elasticsearch', '9200/tcp']).strip()}"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        who = ("elastic", self.password)
        response = httpx.request(method, self._url + path, json=body, auth=who, timeout=30, trust_env=False)
        response.raise_for_status()
        return response.json()

    def _run(self, service: str, *options: str, arguments: tuple[str, ...] | list[str] = ()) -> None:
        command = ["docker", "run", "--detach", f"--name={self.name}-{service}", f"--network={self.name}"]
        known = {**os.environ, "ELASTIC_PASSWORD": self.password}
        run([*command, f"--network-alias={service}", *options, _IMAGES[service], *arguments], environment=known)


def first_lines_wait_for_the_template(stack: LogStack) -> str:
    """Lines that were written before Elasticsearch was up arrive, with the mappings of the template."""
    container = stack.speak('{"event": "early", "role": "api", "reason": "early"}\n', 0.0)
    asyncio.run(prepare(stack.settings, patience=_START_SECONDS))
    (document,) = logs.arrived(stack.ask, container, 1)
    return str(document["event"]["action"])


def old_days_go(stack: LogStack) -> int:
    """The worker's schedule deletes old days and nothing that is named alike."""
    for name in (*_OLD, *_ALIKE):
        stack.create(name)
    before = stack.indices()
    done = asyncio.run(Retention(stack.settings, Metrics()).run())
    demand(done == Expired(deleted=len(_OLD)), f"the retention did {done}.")
    demand(before - stack.indices() == set(_OLD), f"{before - stack.indices()} were deleted.")
    return done.deleted


def a_trace_leads_to_its_lines(stack: LogStack) -> int:
    """Two services write about a trace, and its id finds both lines."""
    trace = secrets.token_hex(16)
    line = {
        "timestamp": "2026-11-22T19:37:50.321Z",
        "level": "error",
        "event": "traced",
        "role": "api",
        "trace_id": trace,
    }
    stack.speak(json.dumps(line) + "\n" + json.dumps({"DownstreamStatus": 500, "TraceId": trace}) + "\n", 0.0)
    wait_for("both lines of a trace", lambda: len(logs.lines_of_trace(stack.ask, trace)) == 2, 60)
    return len(logs.lines_of_trace(stack.ask, trace))


def check(stack: LogStack) -> dict[str, object]:
    """Walk the whole way; return what was counted."""
    steps: dict[str, Callable[[], object]] = {
        "first": lambda: first_lines_wait_for_the_template(stack),
        "planted": lambda: logs.nothing_personal_arrives(stack.ask, stack.speak),
        "torn": lambda: logs.nothing_personal_arrives_in_halves(stack.ask, stack.speak),
        "harmless": lambda: logs.what_is_harmless_arrives_as_it_is(stack.ask, stack.speak),
        "trace": lambda: a_trace_leads_to_its_lines(stack),
        "outage": lambda: logs.no_line_is_lost(stack.ask, stack.speak, stack.away),
        "old_days": lambda: old_days_go(stack),
    }
    done: dict[str, object] = {}
    for name, step in steps.items():
        done[name] = step()
        print(f"{name}: {done[name]}", flush=True)  # noqa: T201  # a person waits for it
    return done


def main() -> None:
    """Run it; the last line is one JSON object. Ends with 1 when something is wrong."""
    with ExitStack() as stacked, tempfile.TemporaryDirectory() as folder:
        stack = LogStack(f"logstest-{secrets.token_hex(3)}", secrets.token_urlsafe(24), Path(folder))
        stack.folder.chmod(0o755)
        stacked.callback(stack.remove)
        stacked.callback(stack.end_speakers)
        stack.start()
        try:
            done = check(stack)
        except UnmetError as failure:
            sys.exit(f"{failure}\n{json.dumps({'failed': str(failure)})}")
        print(json.dumps({**done, "failed": None}))  # noqa: T201  # what it is run for


if __name__ == "__main__":
    main()
