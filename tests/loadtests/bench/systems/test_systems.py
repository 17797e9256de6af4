"""Slipway, Slipway without the apparatus, and a prototype, on the real model: what is on, and that all say the same."""

import json

import httpx
import psutil
import pytest
from loadtests.bench.places import find_places
from loadtests.bench.systems.apparatus_off.system import ApparatusOff
from loadtests.bench.systems.prototype.system import Prototype
from loadtests.bench.systems.slipway import Slipway

from slipway.settings import Settings

TEXTS = ["I was charged twice for order 1189, please send one back.", "Where is my parcel?", "The camera is offline."]


@pytest.fixture
def places(tmp_path):
    return find_places(Settings().models_dir, tmp_path, (0,))


def ask(endpoint, headers=None):
    headers = endpoint.headers if headers is None else headers
    return httpx.post(endpoint.url, content=endpoint.encode(TEXTS), headers=headers, timeout=30)


def told(body):
    (results,) = json.loads(body).values()
    return [(each["category"], each["priority"]) for each in results]


@pytest.mark.timeout(240)
def test_slipway_has_every_feature_on_and_all_its_processes_count(places):
    system = Slipway()
    with system.running(system.variants[0], places) as endpoint:
        answer = ask(endpoint)
        members, supporting = endpoint.pids(), endpoint.supporting()
        names = {psutil.Process(pid).name() for pid in supporting}
        stranger = ask(endpoint, {"Content-Type": "application/json"})

    assert endpoint.answers(answer.content) == len(TEXTS)
    assert stranger.status_code == 401
    assert "q=100000000;" in answer.headers["ratelimit-policy"]
    assert "r=99999999;" in answer.headers["ratelimit"]
    assert any("postgres" in name for name in names)
    assert any("redis" in name for name in names)
    assert len(members - supporting) == 1
    assert not any(psutil.pid_exists(pid) for pid in members)


@pytest.mark.timeout(240)
def test_all_say_the_same(places):
    said = []
    for system in (ApparatusOff(), Prototype()):
        with system.running(system.variants[-1], places) as endpoint:
            answer = ask(endpoint, {"Content-Type": "application/json"})
            assert endpoint.answers(answer.content) == len(TEXTS)
            said.append(told(answer.content))

    assert said[0] == said[1]
