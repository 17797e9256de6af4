import os
import signal
from pathlib import Path

import psutil
import psycopg
import pytest

from slipway_cli.errors import LocalError
from slipway_cli.servers.cluster import Cluster
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.postgres import Postgres


@pytest.fixture
def server(tmp_path: Path):
    server = Postgres(tmp_path / "data", free_port(), durable=False)
    yield server
    server.remove()


def run(server: Postgres, statement: str) -> list[tuple]:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        found = connection.execute(statement)
        return found.fetchall() if found.description else []


def test_it_is_a_utf8_server_with_c_collation_on_this_machine_only(postgres):
    assert run(postgres, "SHOW server_encoding") == [("UTF8",)]
    assert run(postgres, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == [("C",)]
    listening = {c.laddr.ip for c in psutil.Process(postgres.pid).net_connections("all") if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    assert run(postgres, "SHOW unix_socket_directories") == [("",)]


def test_it_wants_the_password_and_keeps_it_from_the_process_list(postgres):
    password = postgres.admin_url.split(":")[2].split("@")[0]
    wrong = postgres.admin_url.replace(password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    assert run(postgres, "SHOW password_encryption") == [("scram-sha-256",)]
    assert password not in " ".join(psutil.Process(postgres.pid).cmdline())


def test_what_it_holds_survives_a_stop_and_a_kill(server):
    server.start()
    run(server, "CREATE TABLE kept (n int)")
    server.stop()
    server.start()
    run(server, "INSERT INTO kept VALUES (1)")
    run(server, "CHECKPOINT")
    server.kill()
    server.start()
    assert run(server, "SELECT n FROM kept") == [(1,)]


def test_it_starts_after_its_main_process_alone_was_killed(server, gone):
    server.start()
    backend = psycopg.connect(server.admin_url)
    os.kill(server.pid, signal.SIGKILL)
    assert gone(server.pid)
    server.start()
    assert run(server, "SELECT 1") == [(1,)]
    backend.close()


def test_two_servers_never_share_a_folder(server, tmp_path):
    server.start()
    with pytest.raises(LocalError, match="already runs"):
        server.start()
    with pytest.raises(LocalError, match=rf"already runs on .*pid {server.pid}"):
        Postgres(tmp_path / "data", free_port()).start()
    assert run(server, "SELECT 1") == [(1,)]


def test_a_lock_file_whose_pid_now_belongs_to_somebody_else_is_no_obstacle(server, bystander):
    server.start()
    server.kill()
    lock = server.data / "postmaster.pid"
    lock.write_text(lock.read_text().replace(lock.read_text().split()[0], str(bystander.pid), 1))
    server.start()
    assert run(server, "SELECT 1") == [(1,)]


def test_an_interrupted_initialisation_is_begun_again(server, tmp_path):
    (tmp_path / "data.initialising" / "base").mkdir(parents=True)
    (tmp_path / "data.superuser.password").write_text("from before")
    server.start()
    assert run(server, "SELECT 1") == [(1,)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data.log"]


def test_a_path_longer_than_that_of_a_socket_may_be(tmp_path):
    with Postgres(
        tmp_path / ("long-" * 30) / "with 'quotes' and spaces" / "data", free_port(), durable=False
    ) as server:
        assert len(str(server.data)) > 107
        assert run(server, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("part", ["PG_VERSION", "global/pg_control", "superuser.password"])
def test_a_half_written_folder_is_told_apart_and_left_alone(tmp_path, part):
    folder = tmp_path / "data"
    for name in ("PG_VERSION", "postgresql.conf", "pg_hba.conf", "global/pg_control", "superuser.password"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("18\n")
    for name in ("base", "pg_wal"):
        (folder / name).mkdir()
    assert Cluster(folder).exists()
    (folder / part).unlink()
    with pytest.raises(LocalError, match=rf"half-written: {part} is missing.*mv .*data\.broken"):
        Postgres(folder, free_port()).start()
    assert (folder / "postgresql.conf").exists()


def test_a_folder_of_another_major_version_is_left_alone(server):
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(LocalError, match="written by PostgreSQL 17, and this is 18"):
        server.start()


def test_a_taken_port_is_reported_with_the_servers_words(server, postgres):
    server.port = postgres.port
    with pytest.raises(LocalError, match="Address already in use"):
        server.start()
