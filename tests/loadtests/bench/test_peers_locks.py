"""What the peers run on: pinned by digests, and the model's libraries are of the versions that Slipway has."""

import re
from pathlib import Path

import pytest
from loadtests.bench.peers.systems import PEERS

_OURS = Path("requirements.lock")
_FOLDER = Path("loadtests/bench/peers")
_SHARED = {"numpy", "onnxruntime", "tokenizers"}
_PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?(==[^\\\n]+)", re.MULTILINE)


def _pins(file):
    """Versions by package, with the Python that each is for."""
    pins = {}
    for name, version in _PIN.findall(file.read_text()):
        pins.setdefault(name, set()).add(version.strip())
    return pins


@pytest.fixture(params=[peer.name for peer in PEERS])
def lock(request):
    return _FOLDER / request.param / "requirements.lock"


def test_the_model_runs_on_the_versions_that_slipway_has(lock):
    ours, theirs = _pins(_OURS), _pins(lock)
    assert {name: theirs[name] for name in _SHARED} == {name: ours[name] for name in _SHARED}


def test_every_version_has_digests_and_none_an_address(lock):
    entries = re.split(r"\n(?=[a-z0-9])", lock.read_text().strip())
    assert len(entries) > len(_SHARED)
    assert all(_PIN.match(entry) and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in lock.read_text()


def test_a_lock_has_what_is_asked_for(lock):
    asked = _pins(lock.with_suffix(".in"))
    assert asked.keys() > _SHARED
    assert {name: _pins(lock)[name] for name in asked} == asked
