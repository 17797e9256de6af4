"""What Unleash imports to have our flags: all of them in one transaction, so that none is ever seen half made."""

from collections.abc import Sequence
from typing import Any

from slipway.flags import Flag

_EVERYBODY = "100"


def declaration(flags: Sequence[Flag], project: str, environment: str) -> dict[str, Any]:
    """Return the body of Unleash's import: flags with one strategy each, on or off by their declared default.

    The strategy is for everybody, and sticky: by tenant, where it is lowered to a share or split into variants.
    """
    return {
        "project": project,
        "environment": environment,
        "data": {
            "features": [_feature(flag) for flag in flags],
            "featureStrategies": [_strategy(flag) for flag in flags],
            "featureEnvironments": [_state(flag, environment) for flag in flags],
            "contextFields": [],
            "featureTags": [],
            "segments": [],
            "tagTypes": [],
        },
    }


def _feature(flag: Flag) -> dict[str, Any]:
    kind = "kill-switch" if flag.default else "experiment"
    return {"name": flag.flag, "type": kind, "description": flag.description}


def _strategy(flag: Flag) -> dict[str, Any]:
    parameters = {"rollout": _EVERYBODY, "stickiness": "default", "groupId": flag.flag}
    return {"featureName": flag.flag, "name": "flexibleRollout", "parameters": parameters}


def _state(flag: Flag, environment: str) -> dict[str, Any]:
    return {"name": flag.flag, "featureName": flag.flag, "environment": environment, "enabled": flag.default}
