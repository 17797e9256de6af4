"""The peers answer as Slipway does: it is the same model."""

from pathlib import Path

import pytest
from loadtests.bench.messages import SAMPLE, read_texts
from loadtests.bench.peers import session
from loadtests.bench.peers.model import WAYS, Model
from loadtests.bench.places import find_places

from slipway.settings import Settings
from slipway.workload.loader import find_workload
from triage.encoder.runs import MOST_PADDING, MOST_TOKENS

_TEXTS = read_texts(SAMPLE)[::50][:50]


@pytest.fixture(scope="module")
def decided():
    workload = find_workload(Settings())
    workload.load()
    return workload.predict([workload.Input(text=text) for text in _TEXTS])


def _model(way):
    places = find_places(Path("var/models"), Path("var/bench"), (0,))
    return Model(
        encoder=str(places.models),
        heads=str(places.heads),
        session=session.attributes(),
        entries=session.entries(),
        way=way,
        bounds=[MOST_TOKENS, MOST_PADDING],
    )


@pytest.mark.parametrize("way", WAYS)
def test_answers_of_a_peer_are_those_of_triage(way, decided):
    answers = _model(way).predict(_TEXTS)
    assert len({decision.category for decision in decided}) > 5
    for answer, decision in zip(answers, decided, strict=True):
        assert (answer["category"], answer["priority"]) == (decision.category, decision.priority)
        assert answer["confidence"] == pytest.approx(decision.confidence, abs=0.01)
        assert answer["needs_human"] == decision.needs_human


def test_a_file_says_the_way_anew_at_each_batch(tmp_path):
    (tmp_path / "way").write_text("padded")
    model, runs = _model(str(tmp_path / "way")), []
    run = model._run
    model._run = lambda texts: runs.append(len(texts)) or run(texts)

    model.predict(_TEXTS[:4])
    (tmp_path / "way").write_text("each")
    model.predict(_TEXTS[:4])

    assert runs == [4, 1, 1, 1, 1]
