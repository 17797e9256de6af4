"""The flags that hold until a server has answered, in the format of Unleash's client API."""

import json
from pathlib import Path

from slipway.flags.flag import Flag


def read_bootstrap(path: Path | None) -> str:
    """Return the content of the bootstrap file; without one, every flag with its declared default.

    Raises:
        ValueError: it cannot be read, or is not what Unleash's client API returns.
    """
    if path is None:
        return json.dumps({"version": 2, "features": [_declared(flag) for flag in Flag]})
    try:
        content = path.read_text("utf-8")
        names = names_of(content)
    except OSError as error:
        raise ValueError(f"SLIPWAY_FLAGS_FILE={path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ValueError(
            f'SLIPWAY_FLAGS_FILE={path} should be JSON like {{"version": 2, "features": [...]}}.'
        ) from error
    if len(names) != len(set(names)):
        raise ValueError(f"SLIPWAY_FLAGS_FILE={path} names a flag twice.")
    return content


def names_of(content: str) -> list[str]:
    """Return the names of the flags in what Unleash's client API returns.

    Raises:
        ValueError: it is something else.
    """
    try:
        return [feature["name"] for feature in json.loads(content)["features"]]
    except (KeyError, TypeError) as error:
        raise ValueError("this is not what Unleash's client API returns") from error


def _declared(flag: Flag) -> dict[str, object]:
    return {"name": flag.flag, "enabled": flag.default, "description": flag.description, "strategies": []}
