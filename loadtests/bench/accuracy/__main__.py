"""`python -m loadtests.bench.accuracy --train FILE --data FILE`: the last line is one JSON object."""

import argparse
import json
import sys
from pathlib import Path

from loadtests.bench.accuracy.run import run
from triage.errors import DataError, ModelError


class _Lines:
    """A line for each stage."""

    def start(self, stage: str, total: int) -> None:
        """Say what begins."""
        print(f"{stage} ({total:,})", file=sys.stderr, flush=True)

    def advance(self, steps: int = 1) -> None:
        """Say nothing of single steps."""


def main() -> None:
    """Compare the precisions on labelled files."""
    parser = argparse.ArgumentParser("python -m loadtests.bench.accuracy", description=__doc__)
    what = "CSV file with `text`, and `label` or `category`"
    parser.add_argument("--train", type=Path, required=True, help=f"what heads learn from: {what}")
    parser.add_argument("--data", type=Path, required=True, help=f"what they are judged on, other texts: {what}")
    parser.add_argument("--models", type=Path, default=Path("var/models"), help="folder of the models")
    options = parser.parse_args()
    try:
        found = run(options.train, options.data, options.models, _Lines())
    except (DataError, ModelError) as error:
        raise SystemExit(str(error)) from error
    print(json.dumps(found))


if __name__ == "__main__":
    main()
