"""`make bench-guard`: processor time of both synchronous paths beside the model alone, against the reference.

Exit status 0: within the tolerance. 1: grown. 2: the machine is too noisy to tell.
"""

import argparse
import json
from pathlib import Path

from loadtests.bench.guard.judgement import Outcome, judge, worst
from loadtests.bench.guard.reference import FILE, read_reference, write_reference
from loadtests.bench.guard.run import Options, measure
from loadtests.overload.report import say


def main() -> int:
    """Measure, compare, and say what was found; the last line is one JSON object."""
    arguments = _arguments()
    reference = {} if arguments.write else read_reference()
    measured = measure(Options(arguments.seconds, arguments.most_rounds, arguments.models), say)
    ratios = {path: each.value for path, each in measured.items()}
    if arguments.write:
        write_reference(ratios)
        say(f"Written to {FILE}. Say in the commit why the ratios are others now.")
    findings = judge(measured, ratios if arguments.write else reference)
    for finding in findings:
        say(str(finding))
    outcome = Outcome.HELD if arguments.write else worst(findings)
    rounds = max(each.count for each in measured.values())
    say(json.dumps({"ratios": ratios, "reference": reference, "rounds": rounds, "outcome": outcome.name.lower()}))
    return outcome.value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.bench.guard", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make what is measured the reference")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a slice of the service (default 3)")
    parser.add_argument("--most-rounds", type=int, default=15, help="where it ends, however noisy (default 15)")
    parser.add_argument("--models", type=Path, default=Path("var/models"), help="folder of the models")
    found = parser.parse_args()
    if found.seconds <= 0 or found.most_rounds < 1:
        parser.error("--seconds and --most-rounds are above 0")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
