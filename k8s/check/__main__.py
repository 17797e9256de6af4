"""`make check-chart`: every check of the chart. The last line is one JSON object; the status is 1 when one fails."""

import sys
import tempfile
from pathlib import Path

from k8s.check.conformity import conformity
from k8s.check.documents import documents
from k8s.check.lint import lint, suites, typos
from k8s.check.outcome import Outcome
from k8s.check.program import missing
from k8s.check.renderings import renderings
from k8s.check.score import score


def main() -> int:
    """Check everything; return the exit status."""
    outcome = Outcome()
    absent = missing()
    for line in absent:
        outcome.expect("the programs are there", line)
    if not absent:
        _check(outcome)
    sys.stdout.write(outcome.last_line() + "\n")
    return 1 if outcome.failed else 0


def _check(outcome: Outcome) -> None:
    for check in (lint, suites, typos, documents):
        check(outcome)
    with tempfile.TemporaryDirectory(prefix="slipway-chart-") as name:
        folder = Path(name)
        _render(outcome, folder)
        conformity(outcome, folder)
        score(outcome, folder)


def _render(outcome: Outcome, folder: Path) -> None:
    for rendering in renderings():
        ran = rendering.run()
        outcome.expect(f"helm template: {rendering.name}", None if ran.status == 0 else ran.last_words(4))
        if ran.status == 0:
            (folder / f"{rendering.name}.yaml").write_text(ran.output)
    outcome.figures["renderings"] = len(list(folder.iterdir()))


if __name__ == "__main__":
    sys.exit(main())
