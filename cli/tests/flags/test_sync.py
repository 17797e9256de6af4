"""`slipway flags`, with a server that answers as Unleash 8 does where it is asked."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from slipway.flags import Flag

TOKEN, PASSWORD, PERSONAL, COOKIE = "*:staging.secret", "long-enough", "user:secret", "unleash-session=s1"
ALL = [flag.flag for flag in Flag]


class Unleash(ThreadingHTTPServer):
    """Knows some flags, and notes what it is asked to import."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.flags: dict[str, bool] = {}
        self.imports: list[dict[str, Any]] = []
        self.logins = 0
        self.starting = 0
        """Looks that are still answered as a server does that is starting."""
        self.warnings: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Unleash

    def do_GET(self) -> None:
        unleash = self.server
        if self.path == "/api/client/features":
            if unleash.starting:
                unleash.starting -= 1
                self._answer(503, {})
            elif self.headers["Authorization"] != TOKEN:
                self._answer(401, {})
            else:
                rows = [{"name": name, "enabled": on, "strategies": []} for name, on in unleash.flags.items()]
                self._answer(200, {"version": 2, "features": rows, "query": {"environment": "staging"}})
        elif self.path == "/api/admin/environments/project/default" and self._is_admin():
            names = {"development": True, "staging": True, "gone": False}
            self._answer(200, {"environments": [{"name": n, "visible": visible} for n, visible in names.items()]})
        else:
            self._answer(401, {})

    def do_POST(self) -> None:
        unleash, body = self.server, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/simple/login":
            unleash.logins += 1
            right = body == {"username": "admin", "password": PASSWORD}
            self._answer(200 if right else 401, {}, **({"Set-Cookie": f"{COOKIE}; Path=/"} if right else {}))
        elif self.path.startswith("/api/client/"):
            self._answer(202, {})
        elif not self._is_admin():
            self._answer(401, {})
        elif self.path == "/api/admin/features-batch/validate":
            self._answer(200, {"errors": unleash.errors, "warnings": unleash.warnings, "permissions": []})
        else:
            assert self.path == "/api/admin/features-batch/import"
            unleash.imports.append(body)
            unleash.flags |= {row["name"]: row["enabled"] for row in body["data"]["featureEnvironments"]}
            self._answer(200, {})

    def _is_admin(self) -> bool:
        return self.headers["Cookie"] == COOKIE or self.headers["Authorization"] == PERSONAL

    def _answer(self, status: int, content: dict[str, Any], **headers: str) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def unleash(monkeypatch) -> Iterator[Unleash]:
    """A server that the settings name, with the admin's password."""
    monkeypatch.setattr("slipway_cli.flags.server._PAUSE_SECONDS", 0.05)
    with Unleash() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("SLIPWAY_UNLEASH_URL", f"http://127.0.0.1:{server.server_port}/api")
        monkeypatch.setenv("SLIPWAY_UNLEASH_TOKEN", TOKEN)
        monkeypatch.setenv("SLIPWAY_UNLEASH_ADMIN_PASSWORD", PASSWORD)
        yield server
        server.shutdown()


def imported(body: dict[str, Any]) -> list[str]:
    names = [row["name"] for row in body["data"]["features"]]
    assert [row["featureName"] for row in body["data"]["featureStrategies"]] == names
    assert [row["name"] for row in body["data"]["featureEnvironments"]] == names
    return names


def test_it_declares_every_flag_for_everybody_in_the_token_s_environment_first(slipway, unleash) -> None:
    result = slipway("flags", "sync")
    assert result.exit_code == 0, result.output
    assert [(body["project"], body["environment"]) for body in unleash.imports] == [
        ("default", "staging"),
        ("default", "development"),
    ]
    assert [imported(body) for body in unleash.imports] == [ALL, ALL]
    states = {row["name"]: row["enabled"] for row in unleash.imports[0]["data"]["featureEnvironments"]}
    assert states == {flag.flag: flag.default for flag in Flag}
    assert {row["parameters"]["rollout"] for row in unleash.imports[0]["data"]["featureStrategies"]} == {"100"}
    assert "sync-predict: declared, on" in result.output
    assert "model-variant: declared, off" in result.output


def test_a_flag_that_is_there_stays_as_somebody_set_it(slipway, unleash) -> None:
    unleash.flags = {"sync-predict": False, "somebody-s-own": True}
    result = slipway("flags", "sync")
    assert "sync-predict: was there, off" in result.output
    assert all(imported(body) == [name for name in ALL if name != "sync-predict"] for body in unleash.imports)


def test_the_second_time_it_declares_nothing_and_needs_no_admin(slipway, unleash, monkeypatch) -> None:
    assert slipway("flags", "sync").exit_code == 0
    monkeypatch.delenv("SLIPWAY_UNLEASH_ADMIN_PASSWORD")
    before = len(unleash.imports)
    result = slipway("flags", "sync")
    assert result.exit_code == 0, result.output
    assert (len(unleash.imports), unleash.logins) == (before, 1)


def test_a_personal_access_token_will_do_instead_of_the_password(slipway, unleash, monkeypatch) -> None:
    monkeypatch.setenv("SLIPWAY_UNLEASH_ADMIN_TOKEN", PERSONAL)
    assert slipway("flags", "sync").exit_code == 0
    assert imported(unleash.imports[0]) == ALL
    assert not unleash.logins


def test_it_waits_for_a_server_that_starts_and_says_so_once(slipway, unleash) -> None:
    unleash.starting = 4
    result = slipway("flags", "sync")
    assert result.exit_code == 0, result.output
    assert result.output.count("Waiting for http://127.0.0.1") == 1
    assert imported(unleash.imports[0]) == ALL


def test_what_unleash_warns_of_is_told(slipway, unleash) -> None:
    unleash.warnings = [{"message": "The following flags are archived:", "affectedItems": ["job-intake"]}]
    output = slipway("flags", "sync").output
    assert "Unleash says: The following flags are archived: job-intake" in output
    assert "job-intake: left as it is" in output
    assert "job-uploads: declared, on" in output


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SLIPWAY_UNLEASH_TOKEN", "*:staging.wrong", "refuses SLIPWAY_UNLEASH_TOKEN"),
        ("SLIPWAY_UNLEASH_ADMIN_PASSWORD", "changed-since", "was it changed?"),
        ("SLIPWAY_UNLEASH_ADMIN_PASSWORD", None, "set SLIPWAY_UNLEASH_ADMIN_PASSWORD or"),
        ("SLIPWAY_UNLEASH_URL", None, "SLIPWAY_UNLEASH_URL is not set"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(slipway, unleash, monkeypatch, name, value, told) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    result = slipway("flags", "sync")
    assert result.exit_code == 1
    assert told in result.stderr
    assert not unleash.imports


def test_a_server_that_cannot_take_them_changes_nothing(slipway, unleash) -> None:
    unleash.errors = [{"message": "These exist in another project:", "affectedItems": ["job-intake"]}]
    result = slipway("flags", "sync")
    assert result.exit_code == 1
    assert "These exist in another project: job-intake" in result.stderr
    assert not unleash.imports


def test_a_server_that_stays_away_is_given_up(slipway, unleash, monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("SLIPWAY_UNLEASH_URL", f"http://127.0.0.1:{port}/api")
    result = slipway("flags", "sync", "--wait", "0.2")
    assert result.exit_code == 1
    assert "does not answer: ConnectError" in result.stderr


def test_the_list_shows_what_the_server_says(slipway, unleash) -> None:
    unleash.flags = {**{flag.flag: flag.default for flag in Flag}, "job-uploads": False}
    rows = states(slipway("flags", "list").output)
    assert rows == {flag.flag: ("off" if flag is Flag.JOB_UPLOADS or not flag.default else "on") for flag in Flag}


def test_without_a_server_the_list_shows_what_is_declared(slipway) -> None:
    output = slipway("flags", "list").output
    assert states(output) == {flag.flag: "on" if flag.default else "off" for flag in Flag}
    assert "There is no flag server" in output


def states(output: str) -> dict[str, str]:
    rows = [line.split() for line in output.splitlines()]
    return {row[0]: row[1] for row in rows if row and row[0] in ALL}
