"""A run goes to its end, and tells of it, whatever happens in a step."""

import json
import sys
from types import SimpleNamespace

import pytest
from loadtests.autoscale.kubectl import Cluster

from cluster import __main__ as program
from cluster import run as module


@pytest.fixture
def carried_out(monkeypatch, tmp_path, capsys):
    """Carry out the step `install` as this; return the exit status, the last line and what kubectl was asked."""

    def run(step):
        asked = []

        def remember(self, *arguments, **_):
            asked.append(arguments)
            return '{"items": []}'

        monkeypatch.setattr(module, "ROOT", tmp_path)
        monkeypatch.setattr(module.shutil, "which", lambda program: program)
        monkeypatch.setattr(module.importlib, "import_module", lambda _: SimpleNamespace(run=step))
        monkeypatch.setattr(module, "_said", lambda *_: "")
        monkeypatch.setattr(Cluster, "run", remember)
        monkeypatch.setattr(program, "end_in_order", lambda: None)
        monkeypatch.setattr(sys, "argv", ["cluster", "--only", "install"])
        status = program.main()
        return status, json.loads(capsys.readouterr().out.splitlines()[-1]), asked

    return run


class SurpriseError(Exception):
    """That nobody thought of."""


def raising(error):
    def step(_):
        raise error

    return step


@pytest.mark.parametrize("error", [SurpriseError("boo"), KeyError("x"), KeyboardInterrupt()])
def test_whatever_a_step_raises_is_a_failure_and_the_namespace_goes(carried_out, error):
    status, told, asked = carried_out(raising(error))

    assert status == 1
    assert told["failed"]
    assert ("delete", "namespace", "slipway-e2e", "--ignore-not-found") in asked


def test_what_a_surprise_said_is_in_the_last_line(carried_out):
    _, told, _ = carried_out(raising(SurpriseError("boo")))

    assert "SurpriseError: boo" in told["failed"][0]
