import json
from collections import Counter
from dataclasses import replace

import pytest

from chaos import __main__ as entry
from chaos.audit import Findings, Violation
from chaos.bars import Bar
from chaos.faults import Injected
from chaos.options import read_options
from chaos.picture import draw
from chaos.records import Call, unexcused
from chaos.report import Outcome, last_line, summary, write_report
from chaos.schedule import Kind, plan_faults
from chaos.watch import Sample

_CARRIED = (Kind.SLOW_CALL, Kind.HANGING_CALL, Kind.POISON)
_START = 1_000.0


@pytest.fixture
def outcome() -> Outcome:
    options = read_options(["--quick"])
    plan = plan_faults(options)
    return Outcome(
        options=options,
        plan=plan,
        start=_START,
        injected=[Injected(f.kind, _START + f.at, _START + f.at + f.seconds, "one", 1) for f in plan],
        carried=Counter(_CARRIED),
        findings=Findings(9, 3, 1, 1, 5, 0, 0, []),
        bars=[Bar("a herd", held=True, found="1 job")],
        late_s=12.34,
        unexcused=[],
        calls=[Call(_START, 0.1, "submit", 202), Call(_START, 0.1, "submit", 0)],
        samples=[Sample(_START + second, 10 * second, 50 - second, 2) for second in range(50)],
        failure=None,
    )


def test_the_last_line_is_one_json_object_with_what_a_program_asks_for(outcome):
    told = json.loads(last_line(outcome))

    assert told | {"faults_hit": None} == {
        "seed": 1, "accepted": 9, "answered": 3, "dead": 1, "poison": 1, "cancelled": 5, "lost": 0, "duplicated": 0,
        "late_s": 12.3, "faults_hit": None, "valid": True, "passed": True,
    }  # fmt: skip
    assert told["faults_hit"].keys() == {kind.value for kind in Kind}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in _CARRIED])
def test_a_run_in_which_a_kind_of_fault_hit_nothing_is_invalid_and_says_so(outcome, kind):
    missed = [replace(done, hit=0) if done.kind is kind else done for done in outcome.injected]
    found = replace(outcome, injected=missed)

    assert not found.passed
    assert json.loads(last_line(found))["valid"] is False
    assert any(f"no fault of kind {kind}" in line for line in summary(found))


@pytest.mark.parametrize("kind", _CARRIED)
def test_a_run_in_which_the_model_never_misbehaved_is_invalid(outcome, kind):
    found = replace(outcome, carried=outcome.carried - Counter([kind]))

    assert found.invalid == [kind]


@pytest.mark.parametrize(
    "against",
    [
        {"late_s": 121.0},
        {"late_s": None},
        {"failure": "worker-1 ended"},
        {"bars": [Bar("a herd", held=False, found="2 jobs")]},
        {"unexcused": [Call(_START, 0.1, "predict", 503)]},
        {"findings": Findings(9, 3, 1, 1, 5, 1, 0, [Violation("lost", 1, "job")])},
    ],
)
def test_whatever_does_not_hold_fails_the_run_and_is_told(outcome, against):
    found = replace(outcome, **against)

    assert not found.passed
    assert found.invalid == []
    assert any(line.startswith("AGAINST") for line in summary(found))


def test_a_failed_call_is_excused_only_while_a_server_was_down():
    calls = [Call(10, 1, "read", 503), Call(20, 1, "read", 503), Call(30, 1, "read", 404), Call(12, 3, "read", 0)]

    assert unexcused(calls, [(10.5, 12.5)]) == [calls[1]]


def test_a_report_replays_its_run(outcome, tmp_path):
    write_report(outcome, tmp_path / "report.json")

    assert read_options(["--replay", str(tmp_path / "report.json")]) == outcome.options
    written = json.loads((tmp_path / "report.json").read_text())
    assert [fault["at"] for fault in written["plan"]] == [fault.at for fault in outcome.plan]
    assert written["calls"] == {"submit 202": 1, "submit no answer": 1}


def test_the_picture_is_drawn(outcome, tmp_path):
    draw(outcome, tmp_path / "timeline.png")

    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("outcomes", "seeds", "status"),
    [
        (["passed"], [1], 0),
        (["invalid", "passed"], [1, 2], 0),
        (["invalid", "invalid", "invalid"], [1, 2, 3], 1),
        (["invalid", "broken", "passed"], [1, 2], 1),
        (["broken", "passed"], [1], 1),
    ],
)
def test_only_a_quick_run_that_is_invalid_and_nothing_else_is_followed_by_another(
    outcome, outcomes, seeds, status, monkeypatch
):
    missed = [replace(done, hit=0) for done in outcome.injected]
    kinds = {
        "passed": outcome,
        "invalid": replace(outcome, injected=missed),
        "broken": replace(outcome, injected=missed, late_s=None),
    }
    ran = []

    def run_once(options):
        ran.append(options.seed)
        return kinds[outcomes[len(ran) - 1]]

    monkeypatch.setattr(entry, "_run", run_once)
    monkeypatch.setattr("sys.argv", ["chaos", "--quick"])

    assert entry.main() == status
    assert ran == seeds
