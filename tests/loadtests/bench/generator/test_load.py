"""The generator's options, and what it is given to send."""

import base64
import json

import pytest
from loadtests.bench.generator import targets
from loadtests.bench.generator.attack import Load
from loadtests.bench.systems.system import Endpoint
from loadtests.bench.systems.triage_api import answers, encode


def test_a_closed_loop_has_as_many_clients_as_it_says(tmp_path):
    options = Load(tmp_path, 6, clients=8).options()

    assert {"-rate=0", "-workers=8", "-max-workers=8", "-connections=8", "-duration=6.000s"} <= {*options}


@pytest.mark.parametrize(("rate", "option"), [(137.25, "137250"), (0.4, "400"), (0.0001, "1")])
def test_an_open_loop_keeps_fractions_of_a_rate_and_never_waits_for_a_worker(rate, option, tmp_path):
    options = Load(tmp_path, 6, rate=rate).options()

    assert f"-rate={option}/1000s" in options
    assert not any(each.startswith("-max-workers") for each in options)


def test_requests_are_written_as_the_server_wants_them(tmp_path):
    endpoint = Endpoint("http://127.0.0.1:1/x", {"Authorization": "Bearer t"}, encode, answers, set)

    path = targets.write(tmp_path / "t", endpoint, [["one"], ["two", "three"]])

    first, second = [json.loads(line) for line in path.read_text().splitlines()]
    assert (first["method"], first["url"]) == ("POST", "http://127.0.0.1:1/x")
    assert first["header"] == {"Authorization": ["Bearer t"]}
    assert json.loads(base64.b64decode(second["body"])) == {"inputs": [{"text": "two"}, {"text": "three"}]}
