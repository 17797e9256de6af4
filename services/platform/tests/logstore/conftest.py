"""A log store on a real socket: as much of Elasticsearch's API as is used, and its ways to fail."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from slipway.logstore.retention import Retention
from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics
from slipway_cli.secrets.certificates import Certificate, issue, new_authority

PASSWORD = "s3cret: #{x}"


@dataclass
class Store:
    """What the server has, and how it behaves."""

    indices: set[str] = field(default_factory=set)
    template: dict[str, Any] | None = None
    cluster: dict[str, dict[str, str]] = field(default_factory=lambda: {"persistent": {}, "transient": {}})
    defaults: dict[str, str] = field(default_factory=lambda: {"action.auto_create_index": "true"})
    calls: list[str] = field(default_factory=list)
    fails: dict[str, int] = field(default_factory=dict)
    """Statuses to answer, by the method, or by the method and path."""
    garbage: bool = False
    silent: threading.Event = field(default_factory=threading.Event)
    """While it is set, nothing is answered."""
    url: str = ""

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        self.calls.append(f"{method} {path}")
        status = self.fails.get(f"{method} {path}") or self.fails.get(method)
        if status:
            return status, {"error": {"type": "planted"}, "status": status}
        match method, path.strip("/").split("/"):
            case "GET", ["_cat", "indices", pattern]:
                answer: Any = [{"index": name} for name in sorted(self.indices) if fnmatchcase(name, pattern)]
            case "PUT", ["_index_template", "slipway-logs"]:
                self.template = answer = body
            case "GET", ["_cluster", "settings"]:
                answer = {**self.cluster, "defaults": self.defaults}
            case "PUT", ["_cluster", "settings"]:
                self.cluster["persistent"] |= body["persistent"]
                answer = self.cluster
            case "DELETE", [name]:
                return self._delete(name, query)
            case _:
                return 400, {"error": f"no such call: {method} {path}"}
        return 200, answer

    def _delete(self, name: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        pattern = name if query.get("expand_wildcards") != ["none"] else name.replace("*", "[*]")
        gone = {index for index in self.indices if fnmatchcase(index, pattern)}
        self.indices -= gone
        return (200, {"acknowledged": True}) if gone else (404, {"error": {"type": "index_not_found_exception"}})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store
    ended: threading.Event

    def _serve(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length) or b"null")
        while self.store.silent.is_set() and not self.ended.wait(0.02):
            pass
        parts = urlsplit(self.path)
        allowed = "Basic " + base64.b64encode(f"elastic:{PASSWORD}".encode()).decode()
        status, content = 401, None
        if self.headers.get("authorization") == allowed:
            status, content = self.store.answer(self.command, parts.path, parse_qs(parts.query), body)
        self._send(status, b"<html>Welcome</html>" if self.store.garbage else json.dumps(content).encode())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away is what some tests are about."""


@contextmanager
def _serving(tls: ssl.SSLContext | None = None) -> Iterator[Store]:
    store, ended = Store(), threading.Event()
    handler = type("Handler", (_Handler,), {"store": store, "ended": ended})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        store.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield store
        finally:
            ended.set()
            server.shutdown()
            serving.join()


@pytest.fixture
def store() -> Iterator[Store]:
    """A log store on a port of its own."""
    with _serving() as store:
        yield store


@pytest.fixture
def authority() -> Certificate:
    """An authority that nobody knows."""
    return new_authority()


@pytest.fixture
def tls_store(authority: Certificate, tmp_path: Path) -> Iterator[Store]:
    """A log store with a certificate of that authority."""
    issued = issue(authority, ["127.0.0.1"])
    chain = tmp_path / "server.pem"
    chain.write_text(issued.certificate + issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with _serving(context) as store:
        yield store


@pytest.fixture
def store_settings(store: Store) -> Settings:
    """Settings that name the store, with a retention of three days."""
    return Settings(
        _env_file=None, log_store_url=store.url, log_store_password=SecretStr(PASSWORD), log_retention_days=3
    )


@pytest.fixture
def metrics() -> Metrics:
    """Metrics of a process."""
    return Metrics()


@pytest.fixture
def retention(store_settings: Settings, metrics: Metrics) -> Retention:
    """What a worker runs."""
    return Retention(store_settings, metrics)
