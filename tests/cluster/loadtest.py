"""Runs `python -m loadtests.autoscale` against the release, as a person does."""

import json
import subprocess
import sys
import threading
from typing import Any

from e2e.command import ROOT
from e2e.failure import UnmetError
from e2e.report import say

from cluster.stage import Stage

VERDICTS = ("PASS", "FAIL", "INVALID")
_SECONDS = 1_800.0


def loadtest(stage: Stage, name: str, *arguments: str) -> dict[str, Any]:
    """Run a load test, telling how it goes, and return its verdict.

    Raises:
        UnmetError: it came to no verdict.
    """
    options = stage.options
    way = ["--namespace", options.namespace, "--release", options.release, "--url", options.url]
    way += ["--out", str(stage.folder / name), *(["--context", options.context] if options.context else [])]
    command = [sys.executable, "-m", "loadtests.autoscale", *way, *arguments]
    last = ""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        watchdog = threading.Timer(_SECONDS, process.terminate)
        watchdog.start()
        try:
            assert process.stdout
            for line in process.stdout:
                last = line.strip() or last
                say(f"  | {line.rstrip()}")
        except BaseException:
            process.terminate()
            raise
        finally:
            watchdog.cancel()
    return verdict_of(last, process.returncode)


def check_removals(stage: Stage, step: str, found: dict[str, Any]) -> None:
    """Demand that pods went while the run was watched: otherwise it says nothing about scaling down."""
    count = len(found["figures"]["removals"])
    stage.outcome.check(step, f"{count} pods were removed again, under watch", holds=count)


def verdict_of(line: str, status: int) -> dict[str, Any]:
    """Return the verdict that a load test printed as its last line.

    Raises:
        UnmetError: that is none.
    """
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("verdict") not in VERDICTS:
        raise UnmetError(f"The load test came to no verdict (exit status {status}): {line}")
    return found
