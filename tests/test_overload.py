"""`python -m loadtests.overload`: its options, and one short run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


def overload(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtests.overload", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seconds", "0"], "'0' is not a number from 1 to 600"),
        (["--rounds", "1.5"], "'1.5' is not a whole number from 1 to 50"),
        (["--sizes", "32", "65"], "'65' is not a whole number from 1 to 64"),
        (["--deadline", "soon"], "'soon' is not a number from 0.1 to 60"),
        (["--data", "nowhere.csv"], "nowhere.csv is not here"),
    ],
)
def test_a_wrong_option_is_explained(arguments, words):
    ran = overload(*arguments)

    assert ran.returncode == 2
    assert words in ran.stderr


def test_a_short_run_ends_with_its_figures():
    ran = overload("--seconds", "1", "--warmup", "1", "--rounds", "1", "--sizes", "8")

    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout.splitlines()[-1])
    case = figures["cases"]["8"]
    assert case["peak_per_s"] > 0
    assert case.keys() == {"peak_per_s", "peak_spread", "1x", "2x", "3x"}
    for factor in ("1x", "2x", "3x"):
        assert case[factor]["without_retry_after"] == case[factor]["unsent"] == 0
    assert figures["rate_limited"].keys() == {"p50_ms", "p99_ms"}
    assert "8 a request, 3x" in ran.stdout
