"""Starts the stack from nothing, or looks at one that runs."""

import json
from typing import Any

from e2e.command import run as command
from e2e.failure import UnmetError, demand
from e2e.report import say
from e2e.stage import Stage
from e2e.starting import start
from e2e.table import undeclared

_BUILD_SECONDS = 3600
_OURS = "slipway-e2e"
_MEGABYTE = 1_000_000


def run(stage: Stage) -> None:
    """Start it, and return when every service is healthy."""
    services = stage.project.services
    stage.outcome.services = len(services)
    unknown = undeclared(stage.project.whole()["services"])
    demand(not unknown, f"services.yml does not say what shows {', '.join(unknown)}.")
    if stage.options.boot:
        _from_nothing(stage)
    stage.outcome.images_mb = _size(stage)
    say(f"{len(services)} services; their images have {stage.outcome.images_mb} MB.")


def _from_nothing(stage: Stage) -> None:
    if stage.project.remains():
        demand(
            stage.project.name.startswith(_OURS),
            f"There is a project {stage.project.name} already, and its data would be lost. Name another one.",
        )
        say("Something is left of an earlier run: it goes first.")
        stage.project.remove()
    _build(stage)
    pull = "missing" if _missing_images(stage) else "never"
    stage.outcome.start_s = start(stage.project, pull)
    say(f"Up after {stage.outcome.start_s:.0f} s.")


def _build(stage: Stage) -> None:
    """Build our own images, where one of them is missing."""
    missing, services = _missing_images(stage), stage.project.configuration["services"]
    ours = [name for name, service in services.items() if "build" in service]
    if missing & {services[name]["image"] for name in ours}:
        say("Building the images that are not there.")
        stage.project.compose("build", *ours, timeout=_BUILD_SECONDS)


def _missing_images(stage: Stage) -> set[str]:
    return {image for image in stage.project.images() if not _inspect(image)}


def _size(stage: Stage) -> int:
    """Return the size of the images of all services, in MB; what two images share counts for both."""
    total: int = sum(found["Size"] for image in stage.project.images() for found in _inspect(image))
    return total // _MEGABYTE


def _inspect(image: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(command(["docker", "image", "inspect", image]))
    except UnmetError:
        return []
    return found
