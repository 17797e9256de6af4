"""One run, step by step, to the verdict."""

import importlib
import shutil
import subprocess
import time
import traceback

from e2e.command import ROOT
from e2e.failure import UnmetError
from e2e.report import near, say
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.release import name_of

from cluster.options import Options
from cluster.report import Outcome
from cluster.stage import Stage

_TAIL_LINES = "5000"
_REMOVE_SECONDS = 300


def run(options: Options, outcome: Outcome) -> None:
    """Carry out the steps that are asked for. What they find is noted in `outcome`."""
    if missing := [program for program in ("kubectl", "helm") if not shutil.which(program)]:
        outcome.fail("run", f"There is no {' and no '.join(missing)} on the PATH.")
        return
    folder = ROOT / "var" / "e2e-cluster" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    stage = Stage(options, outcome, folder)
    say(f"Release {options.release} in namespace {options.namespace}; files of the run: {near(folder)}.")
    try:
        _steps(stage)
    finally:
        _finish(stage)


def _steps(stage: Stage) -> None:
    asked = list(stage.options.steps)
    if "install" in asked and not _step(stage, asked.pop(0)):
        return
    for step in asked:
        _step(stage, step)


def _step(stage: Stage, step: str) -> bool:
    """Carry out a step, and tell whether it could be. One that fails does not keep the next from being tried."""
    say(f"--- {step}")
    began = time.monotonic()
    try:
        importlib.import_module(f"cluster.steps.{step}").run(stage)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is a failure, and the next step is tried
        known = isinstance(error, (UnmetError, ClusterError))
        text = str(error) if known else f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        stage.outcome.fail(step, text)
        return False
    finally:
        say(f"--- {step} took {time.monotonic() - began:.0f} s")
    return True


def _finish(stage: Stage) -> None:
    """Keep what may tell why something failed, and remove what the run made."""
    try:
        if not stage.outcome.passed:
            _keep_logs(stage)
    except Exception as error:  # noqa: BLE001  # the namespace is removed whatever became of its logs
        say(f"Not all logs could be kept: {error}")
    (stage.folder / "key").unlink(missing_ok=True)
    if stage.options.keep or "install" not in stage.options.steps:
        return
    try:
        removed = ("delete", "namespace", stage.options.namespace, "--ignore-not-found")
        stage.cluster.run(*removed, timeout=_REMOVE_SECONDS)
    except (ClusterError, OSError) as error:
        stage.outcome.fail("run", f"The namespace could not be removed: {error}")


def _keep_logs(stage: Stage) -> None:
    """Write each pod's log, and what the cluster says of the namespace, below the folder of the run."""
    logs = stage.folder / "logs"
    logs.mkdir(exist_ok=True)
    for pod in [name_of(pod) for pod in stage.cluster.things("pods")]:
        command = ("logs", pod, "--all-containers", "--prefix", "--tail", _TAIL_LINES)
        (logs / f"{pod}.log").write_text(_said(stage, *command), encoding="utf-8")
    (logs / "events.txt").write_text(_said(stage, "get", "events", "--sort-by=.lastTimestamp"), encoding="utf-8")
    (logs / "pods.txt").write_text(_said(stage, "describe", "pods"), encoding="utf-8")
    say(f"Logs of the pods: {near(logs)}.")


def _said(stage: Stage, *arguments: str) -> str:
    """Return all that a command printed, also when it failed: it is evidence, not a check."""
    ran = subprocess.run(
        stage.cluster.command(*arguments), capture_output=True, text=True, timeout=_REMOVE_SECONDS, check=False
    )
    return ran.stdout + ran.stderr
