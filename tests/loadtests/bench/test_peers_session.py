"""Session options reach the peers as they are in Slipway."""

import onnxruntime as ort
from loadtests.bench.peers import session

from triage.encoder import session as encoder


def test_there_are_options_to_pass_on():
    assert session.attributes()["intra_op_num_threads"] == 1


def test_attributes_are_those_that_differ_from_the_defaults(monkeypatch):
    def options():
        made = ort.SessionOptions()
        made.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        made.enable_cpu_mem_arena = False
        return made

    monkeypatch.setattr(encoder, "session_options", options)
    assert session.attributes() == {"enable_cpu_mem_arena": False, "graph_optimization_level": 1}


def test_every_entry_that_the_encoder_sets_is_passed_on(monkeypatch):
    asked = []

    class Recording(ort.SessionOptions):
        def add_session_config_entry(self, key, value):
            asked.append((key, value))
            super().add_session_config_entry(key, value)

    monkeypatch.setattr(ort, "SessionOptions", Recording)
    encoder.session_options()
    assert sorted(session.entries().items()) == sorted(set(asked))
