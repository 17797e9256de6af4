"""The model in-process, in bulk: right answers, and lanes that share the work."""

import threading
import time

import numpy as np
import pytest
from loadtests.bench.limit.bulk import Cost, answer_all
from loadtests.bench.limit.setting import GRAPHS, Setting

from triage.encoder.architecture import MAX_TOKENS
from triage.model import load_model

TEXTS = [
    "Where is my parcel?",
    "I was charged twice for order 1189, please send one of them back.",
    "offline",
    "The lock says offline and I am standing outside my own house! " * 60,
    "Can I pay by bank transfer, and what would the account be?",
    "reset my password",
    "Thanks, all good now.",
] * 3


@pytest.mark.parametrize("graph", GRAPHS)
def test_each_text_is_answered_in_its_place_however_runs_are_cut_and_shared(graphs, graph):
    model = graphs.opener(graph)(1)
    alone = [model.answer(model.tokenise([text]))[0] for text in TEXTS]

    for lanes, window, by_length in ((1, 32, False), (2, 4, True), (3, 5, True)):
        answers, cost = answer_all(model, Setting(lanes, 1, 128, 12, window, by_length), TEXTS)

        assert [label for label, _ in answers] == [label for label, _ in alone]
        assert [share for _, share in answers] == pytest.approx([share for _, share in alone], abs=1e-4)
        assert cost.messages == len(TEXTS)
        assert cost.seconds > 0
        assert cost.cpu_seconds > 0


def test_the_limit_answers_what_slipway_answers(graphs):
    sample = load_model(graphs.encoder.parents[1], "triage", "fp32")
    head = sample.heads[0]
    model = graphs.opener("fp32")(1)

    answers, _ = answer_all(model, Setting(2, 1, 256, 12, 32, by_length=True), TEXTS)

    decisions = sample.decide(TEXTS)
    assert [head.labels[label] for label, _ in answers] == decisions.categories
    assert [share for _, share in answers] == pytest.approx(decisions.confidence, abs=1e-4)


def test_the_plain_export_gives_out_what_the_shipped_graph_does(graphs):
    shipped, plain = (graphs.opener(graph)(0) for graph in ("fp32", "fp32_plain"))
    tokens = shipped.tokenise(TEXTS[:7])

    assert max(map(len, tokens)) == MAX_TOKENS
    for of_shipped, of_plain in zip(shipped.run(tokens), plain.run(tokens), strict=True):
        assert np.abs(of_shipped - of_plain).max() < 1e-5


def test_costs_add_up():
    both = Cost(10, 2.0, 3.0) + Cost(30, 2.0, 5.0)

    assert (both.messages_per_s, both.cpu_s_per_1000) == (10.0, 200.0)


class Together:
    """A model whose runs end in twos: who runs alone would wait for ever, and fails instead."""

    def __init__(self):
        self.two = threading.Barrier(2, timeout=20)

    def tokenise(self, texts):
        time.sleep(0.05)
        return [[1] * 8 for _ in texts]

    def answer(self, tokens):
        self.two.wait()
        return [(len(tokens), 1.0)] * len(tokens)


def test_a_lane_that_finds_nothing_to_do_waits_for_the_window_that_another_has_open():
    answers, cost = answer_all(Together(), Setting(2, 1, 16, 0, 8, by_length=True), ["text"] * 8)

    assert answers == [(2, 1.0)] * 8
    assert cost.messages == 8


def test_what_breaks_while_a_window_is_opened_ends_all_lanes():
    model = Together()
    model.tokenise = int

    with pytest.raises(TypeError):
        answer_all(model, Setting(2, 1, 16, 0, 8, by_length=True), ["text"] * 16)
