import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from slipway.flags import Flag, Flags
from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics


def features(*rows: dict[str, Any]) -> str:
    return json.dumps({"version": 2, "features": [{"strategies": [], **row} for row in rows]})


def off(flag: Flag) -> str:
    return features({"name": flag.flag, "enabled": False})


def for_tenant(flag: Flag, tenant: str) -> str:
    strategy = {"name": "userWithId", "parameters": {"userIds": tenant}}
    return features({"name": flag.flag, "enabled": True, "strategies": [strategy]})


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def fallbacks(metrics: Metrics, flag: Flag) -> float | None:
    return metrics.registry.get_sample_value("slipway_flags_fallback_total", {"flag": flag.flag})


def test_the_file_that_ships_knows_every_flag_with_its_default_and_description() -> None:
    shipped = json.loads(files("slipway.flags").joinpath("bootstrap.json").read_text())["features"]
    assert [(f["name"], f["enabled"], f["description"]) for f in shipped] == [
        (flag.flag, flag.default, flag.description) for flag in Flag
    ]


def test_without_a_server_the_file_that_ships_answers(metrics: Metrics) -> None:
    threads = threading.active_count()
    with Flags(Settings(), metrics) as flags:
        assert [flags.is_enabled(flag) for flag in Flag] == [flag.default for flag in Flag]
        assert threading.active_count() == threads
    assert fallbacks(metrics, Flag.JOB_INTAKE) is None


def test_a_file_of_the_settings_decides(metrics: Metrics, tmp_path: Path) -> None:
    file = tmp_path / "flags.json"
    file.write_text(for_tenant(Flag.JOB_INTAKE, "tenant-a"))
    with Flags(Settings(flags_file=file), metrics) as flags:
        assert flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-a")
        assert not flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-b")
        assert not flags.is_enabled(Flag.JOB_INTAKE)


def test_a_flag_that_nobody_knows_has_its_default_and_is_counted(metrics: Metrics, tmp_path: Path) -> None:
    file = tmp_path / "flags.json"
    file.write_text(features())
    with Flags(Settings(flags_file=file), metrics) as flags:
        assert flags.is_enabled(Flag.SYNC_PREDICT) is Flag.SYNC_PREDICT.default
    assert fallbacks(metrics, Flag.SYNC_PREDICT) == 1


@pytest.mark.parametrize(
    "content", [None, "", "{}", "[]", '{"features": [{}]}', features({"name": "a"}, {"name": "a"})]
)
def test_a_file_that_cannot_be_right_is_refused(metrics: Metrics, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "flags.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match="SLIPWAY_FLAGS_FILE"):
        Flags(Settings(flags_file=file), metrics)


@pytest.mark.parametrize(
    ("setting", "value"), [("unleash_url", "unleash.example.com"), ("unleash_url", "ftp://x"), ("unleash_token", "a\n")]
)
def test_settings_that_cannot_be_right_are_refused(metrics: Metrics, setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"SLIPWAY_{setting.upper()}"):
        Flags(Settings(**{"unleash_url": "http://127.0.0.1:1/api", setting: value}), metrics)


class _Unleash(BaseHTTPRequestHandler):
    """Speaks Unleash's client API."""

    def do_GET(self) -> None:
        self.server.tokens.add(self.headers["Authorization"])
        self._answer(200, self.server.features.encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(202, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def unleash() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Unleash) as server:
        server.features, server.tokens = off(Flag.JOB_INTAKE), set()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def wait_until_off(flags: Flags, flag: Flag) -> None:
    deadline = time.monotonic() + 10
    while flags.is_enabled(flag):
        assert time.monotonic() < deadline, "the server's answer never arrived"
        time.sleep(0.01)


def test_the_server_s_answer_replaces_the_file(
    unleash: ThreadingHTTPServer, metrics: Metrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    before = set(threading.enumerate())
    settings = Settings(unleash_url=f"http://127.0.0.1:{unleash.server_port}/api", unleash_token="client-token")
    flags = Flags(settings, metrics)
    wait_until_off(flags, Flag.JOB_INTAKE)
    assert flags.is_enabled(Flag.SYNC_PREDICT) is Flag.SYNC_PREDICT.default
    flags.close()
    flags.close()
    assert unleash.tokens == {"client-token"}
    assert not list(tmp_path.iterdir())
    left = {t.name for t in set(threading.enumerate()) - before if "process_request" not in t.name}
    assert not left


def test_a_server_that_is_away_delays_nothing(metrics: Metrics, tmp_path: Path) -> None:
    file = tmp_path / "flags.json"
    file.write_text(off(Flag.JOB_INTAKE))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    start = time.monotonic()
    flags = Flags(Settings(unleash_url=f"http://127.0.0.1:{port}/api", flags_file=file), metrics)
    assert not flags.is_enabled(Flag.JOB_INTAKE)
    assert time.monotonic() - start < 0.5
    flags.close()


def test_a_server_that_never_answers_delays_nothing(metrics: Metrics) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        flags = Flags(Settings(unleash_url=f"http://127.0.0.1:{silent.getsockname()[1]}/api"), metrics)
        assert flags.is_enabled(Flag.JOB_INTAKE)
        assert time.monotonic() - start < 0.5
        flags.close()
        assert time.monotonic() - start < 9


class _Dribbling(_Unleash):
    """Answers a byte at a time, for ever."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.server.dribbling.set()
        while not self.server.over.wait(0.1):
            self.wfile.write(b" ")


@pytest.fixture
def dribbling() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Dribbling) as server:
        server.daemon_threads = True
        server.dribbling, server.over = threading.Event(), threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def test_a_server_that_never_ends_its_answer_does_not_hold_up_the_end(
    dribbling: ThreadingHTTPServer, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.flags.service._CLOSE_SECONDS", 0.5)
    flags = Flags(Settings(unleash_url=f"http://127.0.0.1:{dribbling.server_port}/api"), metrics)
    assert dribbling.dribbling.wait(10)
    start = time.monotonic()
    flags.close()
    assert time.monotonic() - start < 5


class _Redirecting(_Unleash):
    """Leads nowhere at first."""

    def do_POST(self) -> None:
        if self.server.lost:
            self.server.lost -= 1
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(301)
            self.send_header("Location", "nowhere://else")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_POST()


def test_a_server_that_leads_nowhere_is_asked_again(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.flags.service._REFRESH_SECONDS", 0.1)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Redirecting) as server:
        server.features, server.tokens, server.lost = off(Flag.JOB_INTAKE), set(), 2
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with Flags(Settings(unleash_url=f"http://127.0.0.1:{server.server_port}/api"), metrics) as flags:
            wait_until_off(flags, Flag.JOB_INTAKE)
        server.shutdown()
