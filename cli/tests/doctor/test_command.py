import os
import shutil
import socket
import sys
import time

import psutil
import pytest

from slipway.keys.local import create_keys
from slipway_cli.doctor.command import examine
from slipway_cli.doctor.machine import check_disk, check_folder
from slipway_cli.servers import redis
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.postgres import Postgres
from slipway_cli.stack.environment import EnvironmentFile, local_settings
from slipway_cli.stack.folder import VarFolder

WORKLOAD = """
from pydantic import BaseModel
from slipway.workload import Workload
class Model(BaseModel): ...
class Small(Workload[Model, Model]):
    name, Input, Output = "small", Model, Model
    def load(self):
        (self.context.models_dir / "weights").read_bytes()
    def predict(self, batch):
        return batch
"""


@pytest.fixture
def healthy(project, monkeypatch) -> VarFolder:
    """A machine on which nothing is wrong."""
    (project / "small_workload.py").write_text(WORKLOAD)
    (project / "var" / "models").mkdir()
    (project / "var" / "models" / "weights").touch()
    monkeypatch.syspath_prepend(project)
    monkeypatch.setenv("SLIPWAY_WORKLOAD", "small_workload:Small")
    yield VarFolder(project / "var")
    sys.modules.pop("small_workload", None)


def complaints(folder: VarFolder) -> dict[str, str]:
    return {finding.subject: finding.text for finding in examine(folder) if not finding.well}


def test_a_healthy_machine(healthy):
    assert complaints(healthy) == {}


def test_a_port_in_use_is_named_with_who_uses_it(healthy):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        EnvironmentFile(healthy.environment).update({"SLIPWAY_LOCAL_POSTGRES_PORT": str(port)})
        found = complaints(healthy)
    assert list(found) == [f"port {port}"]
    assert f"for PostgreSQL, and taken by {psutil.Process().name()} (pid {os.getpid()})" in found[f"port {port}"]


def test_a_half_written_data_folder(healthy):
    healthy.postgres.mkdir()
    (healthy.postgres / "base").mkdir()
    assert "PG_VERSION" in complaints(healthy)["postgresql"]
    assert f"mv {healthy.postgres} " in complaints(healthy)["postgresql"]


def test_a_data_folder_of_another_version(healthy, postgres):
    shutil.copytree(postgres.data, healthy.postgres, ignore=shutil.ignore_patterns("postmaster.pid"))
    assert complaints(healthy) == {}
    (healthy.postgres / "PG_VERSION").write_text("16\n")
    assert "written by PostgreSQL 16" in complaints(healthy)["postgresql"]


def test_a_model_that_is_missing(healthy):
    (healthy.root / "models" / "weights").unlink()
    assert "slipway model build" in complaints(healthy)["model"]


def test_no_redis_for_this_python(healthy, monkeypatch, tmp_path):
    monkeypatch.setattr(redis, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "There is no Redis for Python" in complaints(healthy)["redis"]
    monkeypatch.setenv("SLIPWAY_REDIS_URL", "redis://cache.example/0")
    assert complaints(healthy) == {}


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    finding = check_folder(VarFolder(tmp_path / "file"))
    assert (finding.well, "cannot be written to" in finding.text) == (False, True)


def test_little_disk(healthy, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 10**9))
    assert "Only 0.9 GiB are free" in check_disk(healthy).text


def test_what_a_killed_supervisor_left_behind(healthy):
    with Postgres(healthy.postgres, EnvironmentFile(healthy.environment).read()["SLIPWAY_LOCAL_POSTGRES_PORT"]) as left:
        found = complaints(healthy)["supervisor"]
        assert f"it left postgres (pid {left.pid}) running" in found
        assert "slipway down" in found


def test_passwords_that_others_may_read(healthy):
    healthy.environment.chmod(0o644)
    assert f"chmod 600 {healthy.environment}" in complaints(healthy)["settings"]


def test_a_setting_that_is_not_valid(healthy, monkeypatch):
    monkeypatch.setenv("SLIPWAY_API_PORT", "0")
    assert "api_port" in complaints(healthy)["settings"]


def test_a_clock_that_is_behind(healthy):
    later = time.time() + 86_400
    os.utime(healthy.environment, (later, later))
    assert "24.0 h later" in complaints(healthy)["clock"]


def test_a_key_file_that_others_may_read(healthy):
    key = healthy.keys / "master.key"
    key.parent.mkdir()
    key.write_bytes(b"x")
    key.chmod(0o644)
    EnvironmentFile(healthy.environment).update({"SLIPWAY_MASTER_KEY_FILE": str(key)})
    assert f"chmod 600 {key}" in complaints(healthy)["keys"]


def test_the_key_provider_is_asked(healthy, monkeypatch):
    keys = {name: str(healthy.keys / file) for name, file in (("MASTER", "master.key"), ("AUDIT", "audit.pem"))}
    for name, file in keys.items():
        monkeypatch.setenv(f"SLIPWAY_{name}_KEY_FILE", file)
    create_keys(local_settings(healthy.root))
    (found,) = [finding for finding in examine(healthy) if finding.subject == "keys"]
    assert (found.well, found.text.startswith("Whole; the key provider local:")) == (True, True)

    monkeypatch.setenv("SLIPWAY_KEY_PROVIDER", "vault-transit")
    monkeypatch.setenv("SLIPWAY_VAULT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("SLIPWAY_VAULT_TOKEN_FILE", str(healthy.root / "token"))
    assert "SLIPWAY_VAULT_TOKEN_FILE" in complaints(healthy)["keys"]
    (healthy.root / "token").write_text("token")
    assert "Vault cannot be reached" in complaints(healthy)["keys"]


def test_a_lost_master_key_is_no_key_that_was_not_made_yet(healthy, monkeypatch):
    monkeypatch.setenv("SLIPWAY_MASTER_KEY_FILE", str(healthy.keys / "master.key"))
    monkeypatch.setenv("SLIPWAY_AUDIT_KEY_FILE", str(healthy.keys / "audit.pem"))
    create_keys(local_settings(healthy.root))
    (healthy.keys / "master.key").unlink()
    assert "There is no key file" in complaints(healthy)["keys"]


def test_the_command_prints_a_table_and_fails(healthy, slipway):
    (healthy.root / "models" / "weights").unlink()
    done = slipway("doctor")
    assert done.exit_code == 1
    assert [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("wrong")] == [["wrong", "model"]]
    (healthy.root / "models" / "weights").touch()
    assert slipway("doctor").exit_code == 0
