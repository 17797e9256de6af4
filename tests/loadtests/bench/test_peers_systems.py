"""The peers as systems: what their answers are, and that nothing of them is left."""

import json
from pathlib import Path

import httpx
import psutil
import pytest
from loadtests.bench.peers.environments import is_installed
from loadtests.bench.peers.systems import PEERS
from loadtests.bench.places import find_places

_TEXTS = ["Where is my parcel?", "I was charged twice.", "My camera is offline."]
_ANSWER = {"category": "delivery", "confidence": 0.9, "needs_human": False, "priority": "high"}
_TENSORS = {"outputs": [{"name": name, "data": [value] * 3} for name, value in _ANSWER.items()]}
_BODIES = {"bentoml": [_ANSWER] * 3, "litserve": {"outputs": [_ANSWER] * 3}, "mlserver": _TENSORS}
_BODIES["ray"] = _BODIES["litserve"]


@pytest.fixture(params=PEERS, ids=lambda peer: peer.name)
def peer(request):
    return request.param


def test_answers_are_counted(peer):
    assert peer.answers(json.dumps(_BODIES[peer.name]).encode()) == len(_TEXTS)


@pytest.mark.parametrize(
    "body", [b"", b"Too busy", b"{}", b"[]", b"null", b'{"outputs": null}', b'{"detail": "error"}']
)
def test_other_bodies_hold_no_answer(peer, body):
    assert peer.answers(body) == 0


def test_an_answer_without_a_probability_does_not_count(peer):
    body = json.dumps(_BODIES[peer.name]).replace("0.9", "9.0")
    assert peer.answers(body.encode()) == 0


def test_configurations_have_different_names(peer):
    names = [variant.name for variant in peer.variants]
    assert len(set(names)) == len(names) > 1


def test_every_configuration_is_tried_in_every_way(peer):
    """A framework is not at its best where only some of its configurations are tried in the ways that it documents."""
    ways = {}
    for variant in peer.variants:
        rest = frozenset((name, value) for name, value in variant.settings.items() if name != "way")
        ways.setdefault(rest, set()).add((variant.settings["way"], variant.kind))

    assert len(ways) > 3
    assert all(of == {("padded", "documented"), ("each", "documented"), ("sorted", "sorted")} for of in ways.values())


def test_a_peer_predicts_and_leaves_nothing_behind(peer, tmp_path):
    if not is_installed(peer.name):
        pytest.skip(f"The environment of {peer.name} is not there; `make bench` installs it.")
    places = find_places(Path("var/models"), tmp_path, (0,))
    with peer.running(peer.variants[0], places) as endpoint:
        members = [psutil.Process(pid) for pid in endpoint.pids()]
        response = httpx.post(endpoint.url, content=endpoint.encode(_TEXTS), headers=endpoint.headers, timeout=60)
        assert endpoint.answers(response.content) == len(_TEXTS)
    assert len(members) > 1
    assert [member for member in members if member.is_running()] == []
