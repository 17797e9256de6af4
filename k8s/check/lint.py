"""What Helm itself says: lint, the chart's own suites, and its schema of values."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from k8s.check.chart import CHART, PLACES, values_of, without_suite
from k8s.check.outcome import Outcome
from k8s.check.program import Ran, release_arguments, run

_TALLY = re.compile(r"^(Tests|Test Suites):\s+(?:(\d+) failed, )?(?:(\d+) errored, )?(\d+) passed", re.MULTILINE)


def lint(outcome: Outcome) -> None:
    """Run `helm lint --strict` with the values of each place."""
    for place in ("defaults", *PLACES):
        files = release_arguments(values_of(place)) if place != "defaults" else []
        ran = run("helm", "lint", "--strict", str(CHART), *files)
        outcome.expect(f"helm lint --strict: {place}", None if ran.status == 0 else ran.last_words())


def suites(outcome: Outcome) -> None:
    """Run the chart's suites; every template has one."""
    for template in without_suite():
        outcome.expect(f"{template} has a suite", "no file under tests/ names it")
    ran = run("helm", "unittest", "--file", "tests/**/*_test.yaml", "--strict", str(CHART))
    tally = {found[0]: int(found[3]) for found in _TALLY.findall(ran.output)}
    outcome.figures["unit_tests"] = tally.get("Tests", 0)
    outcome.expect("helm unittest", _unittest_problem(ran, tally.get("Tests", 0)))


def _unittest_problem(ran: Ran, passed: int) -> str | None:
    if ran.status != 0:
        return ran.last_words(40)
    return None if passed else "no test ran"


def typos(outcome: Outcome) -> None:
    """Mistype a key of each section of values, at the top and one below: Helm has to refuse it."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for path in _mistyped(values):
        ran = run("helm", "template", "slipway", str(CHART), "--set", f"{path}=1")
        refused = ran.status != 0 and path.rpartition(".")[2] in ran.complaints
        outcome.expect(
            f"values.schema.json refuses {path}", None if refused else "it was accepted: " + ran.last_words(3)
        )


def _mistyped(values: dict[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        yield f"{key}x"
        if isinstance(value, dict) and value:
            yield f"{key}.{next(iter(value))}x"
