"""`python -m loadtests.verdict FOLDER`: judges a run that was recorded.

The exit code is 0 for PASS, 1 for FAIL, 2 for INVALID, and 3 for a folder that cannot be read.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from loadtests.verdict.finding import Verdict
from loadtests.verdict.judge import judge
from loadtests.verdict.objectives import read_objectives
from loadtests.verdict.picture import draw
from loadtests.verdict.recording import read_recording
from loadtests.verdict.report import document, last_line, markdown, summary
from loadtests.verdict.unreadable import UnreadableError

UNREADABLE = 3
EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INVALID: 2}


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a folder, write the verdict into it, print it, and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return EXIT_CODES[give_verdict(options.folder, options.objectives)]
    except UnreadableError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"The verdict cannot be written: {error}\n")
    return UNREADABLE


def give_verdict(folder: Path, objectives: Path | None = None) -> Verdict:
    """Judge a folder, write verdict.json, verdict.md and verdict.png into it, and print what it came to.

    Args:
        folder: that a load test wrote.
        objectives: a YAML file; None: those that were declared with the run.

    Raises:
        UnreadableError: a file is missing, or is not what it should be.
        OSError: the folder cannot be written to.
    """
    recording = read_recording(folder)
    judgement = judge(recording, read_objectives(objectives, recording.run.objectives))
    told = document(recording, judgement)
    (folder / "verdict.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (folder / "verdict.md").write_text(markdown(told), encoding="utf-8")
    draw(recording, judgement, folder / "verdict.png")
    for line in summary(told):
        print(line)
    print(last_line(told), flush=True)
    return judgement.verdict


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.verdict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="of a run: docs/verdicts.md tells which files it has")
    parser.add_argument("--objectives", type=Path, help="YAML file (default: those declared with the run)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
