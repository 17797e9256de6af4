import io
import json
import sys
from dataclasses import replace

import pytest
from drill import outcome as outcomes
from drill.catalogue import PROOFS
from drill.meter import LineMeter
from drill.options import Options, Sizes
from drill.proof import Bar, Shown
from drill.report import write_report
from drill.run import run

SMALL = Sizes(10, 2, 2, 5, 200, 10, 1, 4)


@pytest.fixture
def said():
    return io.StringIO()


def play(folder, said, *proofs):
    options = Options(3, quick=True, only=tuple(proof.name for proof in proofs))
    return run(options, folder, LineMeter(said), lambda outcome: write_report(outcome, folder))


def fake(name, behave, monkeypatch):
    proof = replace(PROOFS[0], name=name, run=behave)
    monkeypatch.setattr(outcomes, "PROOFS", (*outcomes.PROOFS, proof))
    return proof


def good(ground):
    (ground.folder / "data").write_text("sealed")
    ground.tell("a half", 0.5)
    return Shown({"tampering_found": 1.0}, [Bar("every tampering is found", held=True, found="5 of 5")])


def bad(ground):
    shown = good(ground)
    return replace(shown, bars=[Bar("every tampering is found", held=False, found="4 of 5")])


def broken(ground):
    sys.stdout.write("before it breaks\n")
    raise TimeoutError("The jobs do not come to an end.")


def interrupted(ground):
    raise KeyboardInterrupt


def test_what_breaks_is_a_finding_and_the_others_go_on(tmp_path, said, monkeypatch):
    proofs = [fake(name, behave, monkeypatch) for name, behave in (("a", broken), ("b", bad), ("c", good))]
    outcome = play(tmp_path, said, *proofs)

    assert [result.against for result in outcome.results] == [
        ["The proof did not come to its end: TimeoutError: The jobs do not come to an end."],
        ["Not so: every tampering is found (4 of 5)."],
        [],
    ]
    log = (tmp_path / "a.log").read_text()
    assert "before it breaks" in log
    assert "Traceback" in log
    assert ((tmp_path / "b" / "data").exists(), (tmp_path / "c").exists()) == (True, False), "only findings keep data"
    assert "c: all held" in said.getvalue()
    assert said.getvalue().count("a half") == 2


def test_an_interruption_keeps_what_was_shown_before_it(tmp_path, said, monkeypatch):
    proofs = [fake(name, behave, monkeypatch) for name, behave in (("a", good), ("b", interrupted), ("c", good))]
    outcome = play(tmp_path, said, *proofs)

    told = json.loads((tmp_path / "report.json").read_text())
    assert [proof["proof"] for proof in told["proofs"]] == ["a"]
    assert (told["result"]["interrupted"], told["result"]["passed"]) == (True, False)
    assert told["result"]["missing"] == ["b", "c"]
    assert not outcome.passed
    assert not (tmp_path / "b").exists()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["tampering", "lateness", "crossings"])
def test_a_small_proof_runs_on_a_server_of_its_own(tmp_path, said, monkeypatch, name):
    monkeypatch.setattr("drill.options.QUICK", SMALL)
    proof = next(proof for proof in PROOFS if proof.name == name)
    (result,) = play(tmp_path, said, proof).results

    assert result.failure == ""
    assert result.shown is not None
    bars = {bar.name: bar.held for bar in result.shown.bars}
    assert next(iter(bars.values())), result.shown.against
    figure = {"tampering_found": 1.0, "late_rows": 0, "tenant_crossings": 0}
    assert result.shown.figures == {key: figure[key] for key in proof.figures}
    assert f"{name}: begins" in said.getvalue()
