import socket

import psutil
import pytest

from slipway_cli.errors import LocalError
from slipway_cli.servers import redis
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.redis import Redis


def say(port: int, text: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"{text}\r\nQUIT\r\n".encode())
        return connection.makefile().read()


def test_it_wants_the_password_and_keeps_it_from_the_process_list(redis_server):
    assert "NOAUTH" in say(redis_server.port, "PING")
    assert "PONG" in say(redis_server.port, f"AUTH {redis_server.password}\r\nPING")
    assert redis_server.password not in " ".join(psutil.Process(redis_server.pid).cmdline())


def test_it_listens_on_this_machine_only(redis_server):
    listening = psutil.Process(redis_server.pid).net_connections("all")
    assert {c.laddr.ip for c in listening if c.status == "LISTEN"} == {"127.0.0.1"}


def test_it_forgets_and_starts_again(tmp_path):
    with Redis(tmp_path / 'a "quoted" folder', free_port(), "secret") as server:
        say(server.port, "AUTH secret\r\nSET a 1")
        server.flush()
        assert "$-1" in say(server.port, "AUTH secret\r\nGET a")
        server.kill()
        server.start()
        assert server.answers()
    assert list(server.folder.iterdir()) == [server.log]


def test_somebody_elses_server_is_not_taken_for_ours(redis_server, tmp_path):
    assert not Redis(tmp_path, redis_server.port, "other").answers()


def test_without_any_redis_it_says_how_to_come_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr(redis, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalError, match=r"There is no Redis for Python .* Install Redis .*SLIPWAY_REDIS_URL"):
        Redis(tmp_path, free_port(), "secret").start()


def test_a_redis_on_the_path_is_preferred(tmp_path, monkeypatch):
    (tmp_path / "redis-server").write_text("#!/bin/sh\n")
    (tmp_path / "redis-server").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis.find_binary() == tmp_path / "redis-server"
