"""`make check-chart`, as far as it works without its programs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from k8s.check import conformity
from k8s.check.chart import CHART
from k8s.check.outcome import Outcome
from k8s.check.program import NEEDED

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(conformity.__file__).parent / "schemas"
ELSEWHERE = {"ExternalSecret"}
"""Kinds whose schema is public, and not kept here: without a network the check says that it skips them."""


def test_missing_programs_fail_the_check_and_are_named(tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "k8s.check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    for name, how in NEEDED.items():
        assert f"{name} is not on PATH: {how}" in done.stdout
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["checks"] == len(last["failed"]) == len(NEEDED)


def test_what_is_skipped_is_no_check_that_passed(capsys):
    outcome = Outcome()
    outcome.skip("ExternalSecret: no schema")
    outcome.expect("a", None)
    outcome.expect("b", "why")
    assert json.loads(outcome.last_line()) == {"checks": 2, "failed": ["b"], "skipped": ["ExternalSecret: no schema"]}
    assert "FAILED b\n    why" in capsys.readouterr().out


def test_every_kind_of_the_chart_has_a_schema_here(sources):
    kinds = {kind for text in sources.values() for kind in re.findall(r"^kind: (\w+)$", text, re.MULTILINE)}
    kept = {path.name.partition("-")[0] for path in SCHEMAS.rglob("*.json")}
    assert len(kinds) > 12
    assert {kind for kind in kinds - ELSEWHERE if kind.lower() not in kept} == set()


def test_the_chart_is_where_the_check_looks():
    assert (CHART / "Chart.yaml").is_file()
