"""What runs once beside Kibana, against servers that answer as Elasticsearch and Kibana do."""

import base64
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from monitoring.kibana import setup

COUNT = len(setup.OBJECTS.read_text().splitlines())


class Servers(BaseHTTPRequestHandler):
    """Both in one: Kibana is not ready at first, and takes what it is given."""

    not_ready = 2
    refuses = False
    seen: list[tuple[str, str, bytes]]

    def do_GET(self):
        starting = self.path == "/api/status" and Servers.not_ready > 0
        Servers.not_ready -= starting
        self.reply(503 if starting else 200, {})

    def do_POST(self):
        self.take()
        answer = {"success": not Servers.refuses, "successCount": COUNT, "errors": [{"id": "slipway-logs"}]}
        self.reply(200, answer)

    def do_PUT(self):
        self.take()
        self.reply(200, {})

    def take(self):
        assert self.headers["Authorization"] == "Basic " + base64.b64encode(b"elastic:for-elastic").decode()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Servers.seen.append((self.command, self.path, body))

    def reply(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Servers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "_BETWEEN_SECONDS", 0.01)
    Servers.seen, Servers.not_ready, Servers.refuses = [], 2, False
    (tmp_path / "elastic").write_text("for-elastic\n")
    (tmp_path / "kibana").write_text("for-kibana\n")
    monkeypatch.setenv("ELASTIC_PASSWORD_FILE", str(tmp_path / "elastic"))
    monkeypatch.setenv("KIBANA_PASSWORD_FILE", str(tmp_path / "kibana"))
    with serving() as url:
        monkeypatch.setenv("ELASTICSEARCH_URL", url)
        monkeypatch.setenv("KIBANA_URL", url)
        yield monkeypatch


@pytest.mark.usefixtures("environment")
def test_it_waits_and_then_gives_kibana_its_password_and_its_objects(capsys):
    assert setup.main() == 0
    assert capsys.readouterr().out == f"kibana-setup: {COUNT} saved objects are in Kibana.\n"
    password, objects, view = Servers.seen
    assert password[:2] == ("PUT", "/_security/user/kibana_system/_password")
    assert json.loads(password[2]) == {"password": "for-kibana"}
    assert objects[:2] == ("POST", "/api/saved_objects/_import?overwrite=true")
    assert setup.OBJECTS.read_bytes() in objects[2]
    assert view[:2] == ("POST", "/api/data_views/default")


@pytest.mark.usefixtures("environment")
def test_objects_that_kibana_cannot_import_are_a_failure_that_names_them(capsys):
    Servers.refuses = True
    assert setup.main() == 1
    assert "slipway-logs" in capsys.readouterr().err


def test_a_server_that_does_not_come_up_is_named(environment, capsys):
    Servers.not_ready = 10_000
    environment.setenv("SETUP_SECONDS", "0.2")
    assert setup.main() == 1
    assert "Kibana is not ready" in capsys.readouterr().err


def test_a_secret_that_is_not_there_is_named(environment, capsys, tmp_path):
    environment.setenv("KIBANA_PASSWORD_FILE", str(tmp_path / "nowhere"))
    assert setup.main() == 1
    assert "KIBANA_PASSWORD_FILE" in capsys.readouterr().err


@pytest.mark.usefixtures("environment")
def test_it_runs_from_its_folder_alone():
    done = subprocess.run([sys.executable, "-P", setup.__file__], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
