"""What a server's answers do, and what happens while it does not answer."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from slipway.flags import Flag, Flags
from slipway.settings import Settings


def test_the_server_s_answer_replaces_the_file(unleash, metrics, tmp_path, monkeypatch, eventually) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    unleash.switch_off(Flag.JOB_INTAKE)
    before = set(threading.enumerate())
    with Flags(Settings(unleash_url=unleash.url, unleash_token="client-token"), metrics) as flags:
        eventually(lambda: not flags.is_enabled(Flag.JOB_INTAKE))
        assert flags.is_enabled(Flag.SYNC_PREDICT)
        flags.close()
    assert unleash.tokens == {"client-token"}
    assert not list(tmp_path.iterdir())
    left = {t.name for t in set(threading.enumerate()) - before if "process_request" not in t.name}
    assert not left


def test_a_change_is_seen_and_told(unleash, log_lines, asking, sample, eventually) -> None:
    unleash.switch_off(Flag.SYNC_PREDICT)
    eventually(lambda: not asking.is_enabled(Flag.SYNC_PREDICT))
    eventually(lambda: sample("slipway_flag_state", flag="sync-predict") == 0)
    assert sample("slipway_flag_state", flag="job-intake") == 1
    told = [line for line in log_lines() if line["event"] == "flag.changed"]
    assert [(line["flag"], line["outcome"]) for line in told] == [("sync-predict", "off")]


def test_the_age_is_that_of_the_last_answer_whether_or_not_it_said_anything_new(unleash, asking, sample, eventually):
    eventually(lambda: unleash.looks.count(304) > 3)
    assert 0 <= sample("slipway_flags_age_seconds") < 20
    unleash.shutdown()
    unleash.server_close()
    age = sample("slipway_flags_age_seconds")
    eventually(lambda: sample("slipway_flags_age_seconds") > age + 0.5)


def test_what_it_said_last_holds_while_it_is_away(unleash, asking, sample, eventually) -> None:
    unleash.switch_off(Flag.JOB_INTAKE)
    eventually(lambda: not asking.is_enabled(Flag.JOB_INTAKE))
    unleash.shutdown()
    unleash.server_close()
    eventually(lambda: sample("slipway_flags_age_seconds") > 0.5)
    assert not asking.is_enabled(Flag.JOB_INTAKE)
    assert asking.is_enabled(Flag.SYNC_PREDICT)


@pytest.mark.parametrize("nonsense", ["", "<html>", "{}", '{"features": [{}]}'])
def test_what_it_said_last_holds_while_it_speaks_nonsense(unleash, asking, sample, eventually, nonsense) -> None:
    unleash.switch_off(Flag.JOB_INTAKE)
    eventually(lambda: not asking.is_enabled(Flag.JOB_INTAKE))
    unleash.body, heard = nonsense, len(unleash.looks)
    eventually(lambda: len(unleash.looks) > heard + 3)
    eventually(lambda: sample("slipway_flags_age_seconds") > 0.5)
    assert not asking.is_enabled(Flag.JOB_INTAKE)
    unleash.switch_off(Flag.SYNC_PREDICT)
    eventually(lambda: not asking.is_enabled(Flag.SYNC_PREDICT))
    assert asking.is_enabled(Flag.JOB_INTAKE)


def test_a_server_that_is_away_delays_nothing_and_is_found_once_it_is_there(
    unleash, metrics, sample, quick_flags, tmp_path, eventually
) -> None:
    file = tmp_path / "flags.json"
    file.write_text(unleash.switch_off(Flag.JOB_INTAKE))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Flags(Settings(unleash_url=f"http://127.0.0.1:{port}/api", flags_file=file), metrics) as flags:
        asked = time.monotonic()
        assert not flags.is_enabled(Flag.JOB_INTAKE)
        assert time.monotonic() - asked < 0.5
        flags.settle(20)
        assert time.monotonic() - asked < 15
        assert sample("slipway_flags_age_seconds") == -1
        with type(unleash)(port) as server:
            server.switch_off(Flag.SYNC_PREDICT)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            eventually(lambda: flags.is_enabled(Flag.JOB_INTAKE) and not flags.is_enabled(Flag.SYNC_PREDICT))
            server.shutdown()


def test_a_server_that_never_answers_delays_nothing(metrics) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        flags = Flags(Settings(unleash_url=f"http://127.0.0.1:{silent.getsockname()[1]}/api"), metrics)
        flags.open()
        start = time.monotonic()
        assert flags.is_enabled(Flag.JOB_INTAKE)
        assert time.monotonic() - start < 0.5
        flags.settle(0.1)
        flags.close()
        assert time.monotonic() - start < 9


@pytest.fixture
def dribbling(unleash) -> Iterator[ThreadingHTTPServer]:
    """A server that answers a byte at a time, for ever."""

    class Handler(unleash.RequestHandlerClass):
        def do_GET(self) -> None:  # noqa: N802  # the name that the library calls
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.server.dribbling.set()
            while not self.server.over.wait(0.1):
                self.wfile.write(b" ")

    with type(unleash)(handler=Handler) as server:
        server.dribbling, server.over = threading.Event(), threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def test_a_server_that_never_ends_its_answer_does_not_hold_up_the_end(dribbling, metrics, monkeypatch) -> None:
    monkeypatch.setattr("slipway.flags.service._CLOSE_SECONDS", 0.5)
    flags = Flags(Settings(unleash_url=dribbling.url), metrics)
    flags.open()
    assert dribbling.dribbling.wait(20)
    start = time.monotonic()
    flags.close()
    assert time.monotonic() - start < 5


def test_a_server_that_leads_nowhere_is_asked_again(unleash, metrics, quick_flags, eventually) -> None:
    class Redirecting(unleash.RequestHandlerClass):
        def do_POST(self) -> None:  # noqa: N802  # the name that the library calls
            if not self.server.lost:
                super().do_POST()
                return
            self.server.lost -= 1
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(301)
            self.send_header("Location", "nowhere://else")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with type(unleash)(handler=Redirecting) as server:
        server.switch_off(Flag.JOB_INTAKE)
        server.lost = 2
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with Flags(Settings(unleash_url=server.url), metrics) as flags:
            eventually(lambda: not flags.is_enabled(Flag.JOB_INTAKE))
        server.shutdown()


def test_closed_before_it_was_opened_it_stays_closed(unleash, metrics) -> None:
    flags = Flags(Settings(unleash_url=unleash.url), metrics)
    flags.close()
    flags.open()
    assert not unleash.looks
    assert flags.is_enabled(Flag.SYNC_PREDICT)
