"""One run, step by step, to the verdict."""

import importlib
import os
import time
import traceback

import httpx

from e2e.command import ROOT
from e2e.failure import UnmetError
from e2e.making import make_project
from e2e.options import Options
from e2e.places import free_ports
from e2e.report import Outcome, near, say
from e2e.stage import Stage
from e2e.traffic import traffic

_PROFILES = {"COMPOSE_PROFILES": "observability,logs"}
"""Unless the environment says otherwise, as for `docker compose` itself."""
_SPEAKER_SECONDS = 120.0
_TAIL_LINES = 30


def run(options: Options, outcome: Outcome) -> None:
    """Carry out the steps that are asked for. What they find is noted in `outcome`; the stack is gone afterwards."""
    stage = _stage(options, outcome)
    say(f"Project {stage.project.name}; files of the run: {near(stage.folder)}.")
    for name in sorted(options.without):
        say(f"Left out: {name}.")
    try:
        _steps(stage)
    finally:
        for speaker in stage.speakers:
            speaker.wait(_SPEAKER_SECONDS)
        _keep_logs(stage)
        if options.taken_down:
            _step(stage, "down")


def _steps(stage: Stage) -> None:
    asked = [step for step in stage.options.steps if step != "down"]
    if not stage.options.boot and not stage.project.containers():
        stage.outcome.fail("run", f"No project {stage.project.name} runs here.")
        return
    if "boot" in asked and not _step(stage, "boot"):
        return
    if "demo" in asked:
        _step(stage, "demo")
    if looks := [step for step in asked if step not in {"boot", "demo"}]:
        with traffic(stage):
            for step in looks:
                _step(stage, step)


def _step(stage: Stage, step: str) -> bool:
    """Carry out a step, and tell whether it held. A step that fails does not keep the next from being tried."""
    say(f"--- {step}")
    began = time.monotonic()
    try:
        importlib.import_module(f"e2e.steps.{step}").run(stage)
    except UnmetError as failure:
        stage.outcome.fail(step, str(failure))
        for service in failure.services:
            say(f"The last lines of {service}:\n{stage.project.tail(service, _TAIL_LINES)}")
        return False
    except (httpx.HTTPError, AssertionError, LookupError, ValueError, TimeoutError) as error:
        stage.outcome.fail(step, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        return False
    say(f"--- {step} took {time.monotonic() - began:.0f} s")
    return True


def _stage(options: Options, outcome: Outcome) -> Stage:
    folder = ROOT / "var" / "e2e" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    environment = {name: os.environ.get(name, value) for name, value in _PROFILES.items()}
    if options.boot:
        environment |= free_ports(ROOT / "docker-compose.yml")
    project = make_project(options, options.project, environment, folder / "stack")
    return Stage(project, options, outcome, folder)


def _keep_logs(stage: Stage) -> None:
    """Write each service's log below the folder of the run, unless everything held."""
    if stage.outcome.passed:
        return
    logs = stage.folder / "logs"
    logs.mkdir()
    for service in stage.project.services:
        (logs / f"{service}.log").write_text(stage.project.tail(service, 100_000), encoding="utf-8")
    say(f"All logs: {near(logs)}.")
