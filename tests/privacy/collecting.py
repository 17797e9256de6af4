"""Ends of the wires that lead out of the stack: a collector of traces, a receiver of webhooks, Redis' own monitor."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis

from slipway_cli.servers.ports import LOCALHOST


@dataclass
class Collected:
    """What came over the wires."""

    url: str
    spans: list[bytes] = field(default_factory=list)
    """Exports of traces, as they were sent."""
    webhooks: list[bytes] = field(default_factory=list)
    """Headers and body of each webhook; not its address, which is its owner's word."""
    commands: list[bytes] = field(default_factory=list)
    """What clients asked of Redis."""


@contextmanager
def collecting() -> Iterator[Collected]:
    """Listen on a free port: traces and webhooks may be sent to the address of what is yielded."""

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                collected.spans.append(body)
            else:
                collected.webhooks.append(bytes(self.headers) + body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOCALHOST, 0), Receiver) as server:
        collected = Collected(f"http://{LOCALHOST}:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield collected
        finally:
            server.shutdown()


@contextmanager
def monitoring(url: str, collected: Collected) -> Iterator[None]:
    """Note every command that Redis gets within the block; what Redis is stopped in, ends it early."""
    client = redis.Redis.from_url(url)
    with client.monitor() as monitor:
        thread = threading.Thread(target=_follow, args=(monitor, collected), daemon=True)
        thread.start()
        yield
        client.echo("end-of-monitoring")
        thread.join(10)
    client.close()


def _follow(monitor: redis.client.Monitor, collected: Collected) -> None:
    with suppress(redis.RedisError, OSError, ValueError, AttributeError):
        while True:
            said = monitor.connection.read_response()
            collected.commands.append(said)
            if b"end-of-monitoring" in said:
                return


def everything_in(url: str) -> bytes:
    """Return all that Redis holds: keys, and values in its own format, which keeps texts as they are."""
    with redis.Redis.from_url(url) as client:
        client.config_set("rdbcompression", "no")
        return b"\n".join(key + b"\0" + (client.dump(key) or b"") for key in client.scan_iter(count=1_000))
