"""Writes the compose file that a run uses: that of the checkout, without the services to leave out."""

import json
from collections.abc import Collection, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from e2e.failure import UnmetError

Configuration = dict[str, Any]


def leave_out(configuration: Mapping[str, Any], unwanted: Collection[str]) -> Configuration:
    """Return a configuration without some services, and without the one-shot services that wait or are there for them.

    A one-shot service that is called `kibana-setup` is there for `kibana`.

    Raises:
        UnmetError: there is no such service.
    """
    services = configuration["services"]
    if unknown := set(unwanted) - set(services):
        raise UnmetError(f"There is no service {', '.join(sorted(unknown))} to leave out.")
    gone = set(unwanted)
    one_shots = {name: service for name, service in services.items() if _is_one_shot(service)}
    gone |= {name for name, service in one_shots.items() if gone & {name.removesuffix("-setup"), *_needed(service)}}
    kept: Configuration = deepcopy(dict(configuration))
    kept["services"] = {name: _without(service, gone) for name, service in kept["services"].items() if name not in gone}
    return kept


def write(configuration: Mapping[str, Any], path: Path) -> Path:
    """Write a compose file: JSON is YAML."""
    path.write_text(json.dumps(configuration, indent=1), encoding="utf-8")
    return path


def _is_one_shot(service: Mapping[str, Any]) -> bool:
    return service.get("restart") == "no"


def _needed(service: Mapping[str, Any]) -> Collection[str]:
    return (service.get("depends_on") or {}).keys()


def _without(service: Configuration, gone: Collection[str]) -> Configuration:
    needed = {name: how for name, how in (service.get("depends_on") or {}).items() if name not in gone}
    return {**service, "depends_on": needed}


def move_mounts(configuration: Configuration, source: str, target: str) -> Configuration:
    """Return a configuration that mounts one folder of the host where it had mounted another."""
    kept = deepcopy(configuration)
    for service in kept["services"].values():
        for volume in service.get("volumes", ()):
            if volume.get("source") == source:
                volume["source"] = target
    return kept


def set_variables(configuration: Configuration, variables: Mapping[str, str], beside: str) -> Configuration:
    """Return a configuration that sets more variables of the services that have the variable `beside`."""
    kept = deepcopy(configuration)
    for service in kept["services"].values():
        if beside in (environment := service.get("environment") or {}):
            service["environment"] = {**environment, **variables}
    return kept
