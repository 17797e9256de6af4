"""The peers answer as Slipway does: it is the same model."""

from pathlib import Path

import pytest
from loadtests.bench.messages import SAMPLE, read_texts
from loadtests.bench.peers import session
from loadtests.bench.peers.model import WAYS, Model
from loadtests.bench.places import find_places

from slipway.settings import Settings
from slipway.workload.loader import find_workload

_TEXTS = read_texts(SAMPLE)[::50][:50]


@pytest.fixture(scope="module")
def decided():
    workload = find_workload(Settings())
    workload.load()
    return workload.predict([workload.Input(text=text) for text in _TEXTS])


def _model(way):
    places = find_places(Path("var/models"), Path("var/bench"), (0,))
    attributes, entries = session.attributes(), session.entries()
    return Model(encoder=str(places.models), heads=str(places.heads), session=attributes, entries=entries, way=way)


def test_answers_of_a_peer_are_those_of_triage(decided):
    answers = _model("each").predict(_TEXTS)
    for answer, decision in zip(answers, decided, strict=True):
        assert (answer["category"], answer["priority"]) == (decision.category, decision.priority)
        assert answer["confidence"] == pytest.approx(decision.confidence, abs=0.01)
        assert answer["needs_human"] == decision.needs_human


@pytest.mark.parametrize("way", WAYS)
def test_texts_of_a_batch_get_their_own_answers(way, decided):
    """In int8 neighbours may move an answer that is a near thing, but few are."""
    answers = _model(way).predict(_TEXTS)
    same = sum(answer["category"] == decision.category for answer, decision in zip(answers, decided, strict=True))
    assert len({decision.category for decision in decided}) > 5
    assert same >= 0.9 * len(_TEXTS)
