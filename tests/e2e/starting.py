"""Starts a project, and waits until every service is as it should be.

Not by `up --wait`: that calls a one-shot service that ended with success a failure, if nothing depends on it.
"""

import time
from collections.abc import Mapping
from typing import Any

from e2e.failure import UnmetError, demand, wait_for
from e2e.project import Project

_SECONDS = 900.0


def start(project: Project, pull: str = "never") -> float:
    """Start it, and return after how many seconds every service was healthy, running or completed.

    Raises:
        UnmetError: one ended with an error, or did not become healthy in time.
    """
    began = time.monotonic()
    project.compose("up", "--detach", "--pull", pull, "--no-build", timeout=_SECONDS)
    settle(project)
    return time.monotonic() - began


def settle(project: Project) -> None:
    """Wait until every service is healthy, running or completed.

    Raises:
        UnmetError: one ended with an error, or did not become healthy in time.
    """
    try:
        wait_for("all services are up", lambda: not _waiting(project), _SECONDS, every=2.0)
    except UnmetError:
        late = _waiting(project)
        raise UnmetError(f"Not up within {_SECONDS:.0f} s: {', '.join(late)}.", *late) from None


def condition(state: Mapping[str, Any]) -> str:
    """Return what the engine says of a container: `healthy`, `running`, `completed`, `failed`, `starting`, ..."""
    if state["Status"] == "exited":
        return "completed" if state["ExitCode"] == 0 else "failed"
    check: str = (state.get("Health") or {}).get("Status", state["Status"])
    return check


def _waiting(project: Project) -> list[str]:
    """Return the services that are not up yet."""
    found: dict[str, list[str]] = {name: [] for name in project.services}
    for one in project.containers():
        found.setdefault(one["Config"]["Labels"]["com.docker.compose.service"], []).append(condition(one["State"]))
    return [name for name, states in found.items() if not states or not all(_is_up(project, name, s) for s in states)]


def _is_up(project: Project, service: str, state: str) -> bool:
    one_shot = project.configuration["services"][service].get("restart") == "no"
    demand(not (one_shot and state == "failed"), f"{service} ended with an error.", service)
    return state == "completed" if one_shot else state in {"healthy", "running"}
