"""`make bench-jobs`: the job path beside the model alone, in turns, on the same cores.

Ratios are of one run, since machines are noisy. `work_off` is what a worker makes of jobs that wait: reading, opening,
predicting, sealing, writing. `end_to_end` begins with the first byte of the upload.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from loadtests.jobs.messages import read_messages
from loadtests.jobs.path import Cost, JobPath
from slipway_cli.stack.local import LocalStack

_VAR = Path("var/bench-jobs")
_BAR = 0.85
_ALLOWED = {"messages": range(100, 10_001), "rounds": range(1, 101)}


def main() -> None:
    """Measure, and print a line a round and the figures."""
    options = _options()
    os.environ.setdefault("SLIPWAY_LOG_LEVEL", "WARNING")
    texts = read_messages(options.messages)
    with LocalStack(_VAR, any_ports=True) as stack:
        path = JobPath(stack)
        path.from_end_to_end(texts[:500])
        rounds = [_round(path, texts, number + 1, options.rounds) for number in range(options.rounds)]
        path.close()
    print(json.dumps(_figures(rounds, options.messages)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-jobs", description=__doc__)
    parser.add_argument("--messages", type=int, default=3_000, help="messages in each measurement")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are reported")
    options = parser.parse_args()
    for name, allowed in _ALLOWED.items():
        if getattr(options, name) not in allowed:
            parser.error(f"--{name} goes from {allowed[0]:,} to {allowed[-1]:,}")
    return options


def _round(path: JobPath, texts: list[str], number: int, of: int) -> dict[str, Any]:
    alone, worked, whole = _alone(len(texts)), path.work_off(texts), path.from_end_to_end(texts)
    ratios = {
        "work_off": alone["seconds"] / worked.seconds,
        "end_to_end": alone["seconds"] / whole.seconds,
    }
    speeds = ", ".join(f"{name} {len(texts) / seconds:.0f}/s" for name, seconds in _seconds(alone, worked, whole))
    print(f"round {number} of {of}: {speeds}; ratios {ratios['work_off']:.3f}, {ratios['end_to_end']:.3f}", flush=True)
    return {"alone": alone, "worked": worked, "whole": whole, "ratios": ratios}


def _seconds(alone: dict[str, float], worked: Cost, whole: Cost) -> list[tuple[str, float]]:
    return [("model alone", alone["seconds"]), ("work off", worked.seconds), ("end to end", whole.seconds)]


def _alone(count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "loadtests.jobs.model", str(count)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def _figures(rounds: list[dict[str, Any]], count: int) -> dict[str, Any]:
    ratios = {name: sorted(r["ratios"][name] for r in rounds) for name in ("work_off", "end_to_end")}
    whole: list[Cost] = [r["whole"] for r in rounds]
    return {
        "bench": "jobs",
        "messages": count,
        "rounds": len(rounds),
        **{f"{name}_ratio": round(median(found), 3) for name, found in ratios.items()},
        **{f"{name}_spread": [round(found[0], 3), round(found[-1], 3)] for name, found in ratios.items()},
        "alone_per_second": round(median(count / r["alone"]["seconds"] for r in rounds), 1),
        "cpu_seconds_per_1000": {
            "alone": round(median(r["alone"]["cpu_seconds"] for r in rounds) / count * 1000, 3),
            "end_to_end": round(median(cost.cpu_seconds for cost in whole) / count * 1000, 3),
        },
        "wal_bytes_per_message": round(median(cost.wal_bytes for cost in whole) / count),
        "bar": _BAR,
        "passed": median(ratios["work_off"]) >= _BAR,
    }


if __name__ == "__main__":
    main()
