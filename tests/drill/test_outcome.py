import json
import re
from pathlib import Path

import pytest
from drill.catalogue import FIGURES, PROOFS
from drill.options import Options
from drill.outcome import Outcome, Result
from drill.proof import Bar, Shown
from drill.report import last_line, summary, write_report

ASKED = [
    "subjects",
    "erased_bytes_found",
    "export_recall",
    "foreign_found",
    "tampering_found",
    "tenant_crossings",
    "rotation_failed_requests",
    "late_rows",
    "leaked",
]
PAGE = Path(__file__).parents[2] / "docs" / "privacy-drill.md"


def result(proof, *, held=True, **figures):
    return Result(proof, 2.0, Shown(figures, [Bar("nothing is found", held, "0 found")], [] if held else ["a mark"]))


@pytest.fixture
def whole():
    given = {name for proof in PROOFS for name in proof.figures}
    rest = {name: 1 for name in FIGURES if name not in given}
    results = [result(proof, **dict.fromkeys(proof.figures, 1), **rest) for proof in PROOFS]
    return Outcome(Options(7, quick=False), results)


def test_the_last_line_has_every_figure_that_was_asked_for_and_the_verdict(whole):
    told = json.loads(last_line(whole))

    assert list(told)[: len(ASKED)] == list(FIGURES) == ASKED
    assert (told["passed"], told["seed"], told["leaked"]) == (True, 7, 1)
    assert summary(whole) == ["Everything held."]


@pytest.mark.parametrize("number", range(len(PROOFS)))
def test_one_thing_that_does_not_hold_fails_the_drill(whole, number):
    whole.results[number] = result(PROOFS[number], held=False, **dict.fromkeys(PROOFS[number].figures, 1))

    assert not whole.passed
    assert f"{PROOFS[number].name}: Not so: nothing is found (0 found)." in summary(whole)


def test_a_proof_that_failed_gives_no_figure_and_fails_the_drill(whole, tmp_path):
    place = next(number for number, proof in enumerate(PROOFS) if proof.name == "erasing")
    whole.results[place] = Result(PROOFS[place], 2.0, None, "TimeoutError: The jobs do not come to an end.")

    told = json.loads(last_line(whole))
    assert (told["subjects"], told["erased_bytes_found"], told["passed"]) == (None, None, False)
    assert told["missing"] == ["erasing", "subjects", "erased_bytes_found"]
    write_report(whole, tmp_path)
    assert "TimeoutError: The jobs do not come to an end." in (tmp_path / "report.md").read_text()


def test_what_was_not_run_is_not_shown(whole):
    whole.results.pop()

    assert not whole.passed
    assert f"Not shown: {PROOFS[-1].name}." in summary(whole)


def test_a_drill_of_one_proof_is_judged_by_it_alone():
    proof = PROOFS[0]
    outcome = Outcome(Options(7, quick=True, only=(proof.name,)), [result(proof, **dict.fromkeys(proof.figures, 1))])

    told = json.loads(last_line(outcome))
    assert (told["passed"], told["only"], told["missing"]) == (True, [proof.name], [])


def test_what_was_interrupted_has_not_passed(whole):
    whole.interrupted = PROOFS[0].name

    assert not whole.passed
    assert f"Interrupted in {PROOFS[0].name}." in summary(whole)


def test_the_report_tells_each_bar_and_each_finding(whole, tmp_path):
    whole.results[0] = result(PROOFS[0], held=False, **dict.fromkeys(PROOFS[0].figures, 1))
    write_report(whole, tmp_path)

    page, told = (tmp_path / "report.md").read_text(), json.loads((tmp_path / "report.json").read_text())
    assert page.count("nothing is found: 0 found") == len(PROOFS)
    assert page.count("**NOT SO:**") == 1
    assert "    a mark" in page
    assert "make privacy-drill SEED=7" in page
    assert [proof["proof"] for proof in told["proofs"]] == [proof.name for proof in PROOFS]
    assert told["result"] == json.loads(last_line(whole))


def test_the_page_explains_each_figure_and_each_proof():
    page = PAGE.read_text()

    explained = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)

    assert explained[: len(ASKED)] == ASKED
    assert explained[len(ASKED) :] == [proof.name for proof in PROOFS]
