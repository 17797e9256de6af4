import os
import socket

import pytest

from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import EnvironmentFile
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.plan import expected_ports, make_plan


@pytest.fixture
def folder(project) -> VarFolder:
    return VarFolder(project / "var")


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_ports_and_passwords_stay_the_same(folder):
    first, second = (make_plan(folder, ["worker"], pytest.fail) for _ in range(2))
    assert first == second
    assert first.postgres_port == expected_ports(folder)["PostgreSQL"]


def test_every_password_is_its_own(folder):
    make_plan(folder, ["worker"], pytest.fail)
    values = EnvironmentFile(folder.environment).read()
    urls = [value for name, value in values.items() if name.endswith("_URL")]
    assert len({url.split(":")[2].split("@")[0] for url in urls}) == len(urls) == 4


def test_a_taken_port_is_replaced_aloud_and_for_good(folder, taken):
    EnvironmentFile(folder.environment).update({"SLIPWAY_API_PORT": str(taken)})
    said = []
    plan = make_plan(folder, ["worker"], said.append)
    assert plan.api_port != taken
    [sentence] = said
    assert f"Port {taken} is taken by" in sentence
    assert f"pid {os.getpid()}" in sentence
    assert f"the API listens on {plan.api_port} instead" in sentence
    assert make_plan(folder, ["worker"], pytest.fail).api_port == plan.api_port


def test_a_port_that_was_asked_for_is_never_replaced(folder, taken, monkeypatch):
    with pytest.raises(LocalError, match=rf"Port {taken}, asked for the API, is taken by .*pid {os.getpid()}"):
        make_plan(folder, ["worker"], pytest.fail, api_port=taken)
    monkeypatch.setenv("SLIPWAY_API_PORT", str(taken))
    with pytest.raises(LocalError, match=f"Port {taken}, asked for the API"):
        make_plan(folder, ["worker"], pytest.fail)


def test_nothing_shares_a_port(folder):
    plan = make_plan(folder, [f"worker-{n}" for n in range(1, 9)], pytest.fail, any_ports=True)
    ports = [plan.postgres_port, plan.redis_port, plan.api_port, *plan.metrics_ports.values()]
    assert len(set(ports)) == len(ports) == 14


def test_servers_of_the_user_are_not_ours_to_start(folder, monkeypatch):
    make_plan(folder, ["worker"], pytest.fail)
    monkeypatch.setenv("SLIPWAY_DATABASE_APP_URL", "postgresql://slipway_app@db.example/slipway")
    monkeypatch.setenv("SLIPWAY_REDIS_URL", "redis://cache.example/0")
    plan = make_plan(folder, ["worker"], pytest.fail)
    assert (plan.postgres_port, plan.redis_port) == (None, None)
    # The owner of our own database has no business on theirs.
    assert not [name for name in EnvironmentFile(folder.environment).read() if name.endswith("_URL")]


def test_a_port_that_is_none_is_named(folder):
    EnvironmentFile(folder.environment).update({"SLIPWAY_LOCAL_REDIS_PORT": "many"})
    with pytest.raises(LocalError, match="SLIPWAY_LOCAL_REDIS_PORT='many'"):
        make_plan(folder, ["worker"], pytest.fail)
