"""`python -m loadtests.bench.report FOLDER [--docs]`: judges a run again, and shows it in docs/performance.md."""

import argparse
import json
from pathlib import Path

from loadtests.bench.measurement import MEASUREMENTS
from loadtests.bench.report.write import write


def main() -> None:
    """Write the report of a folder; the last line is its verdict."""
    parser = argparse.ArgumentParser("python -m loadtests.bench.report", description=__doc__)
    parser.add_argument("folder", type=Path, help="of a run: var/bench/<time>")
    parser.add_argument("--docs", action="store_true", help="show this run in docs/performance.md")
    options = parser.parse_args()
    if not (options.folder / MEASUREMENTS).is_file():
        parser.error(f"{options.folder} holds no {MEASUREMENTS}: `make bench` writes it to var/bench/<time>")
    print(json.dumps(write(options.folder, docs=options.docs)))


if __name__ == "__main__":
    main()
