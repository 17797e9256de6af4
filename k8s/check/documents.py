"""The generated page of the chart."""

import difflib

from k8s.check.chart import CHART
from k8s.check.outcome import Outcome
from k8s.check.program import run

COMMAND = ("helm-docs", "--chart-search-root", "k8s/charts/slipway", "--sort-values-order", "file")


def documents(outcome: Outcome) -> None:
    """Compare README.md with what helm-docs would write now; every value is described."""
    ran = run(*COMMAND, "--dry-run")
    written = (CHART / "README.md").read_text().strip().splitlines()
    different = list(difflib.unified_diff(written, ran.output.strip().splitlines(), "README.md", "now", "", "", 0, ""))
    problem = "\n".join([f"write it: {' '.join(COMMAND)}", *different[:20]]) if different else None
    outcome.expect("README.md is what helm-docs writes", ran.last_words() if ran.status else problem)
    rows = [line.split("|") for line in written if line.startswith("| ")]
    silent = [row[1].strip() for row in rows if not row[-2].strip()]
    outcome.expect("every value is described", "no comment `# --` above: " + ", ".join(silent) if silent else None)
