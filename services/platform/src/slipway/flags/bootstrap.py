"""The flags that hold until a server has answered: a file in the format of Unleash's client API."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from UnleashClient.cache import BaseCache
from UnleashClient.constants import FEATURES_URL


class MemoryCache(BaseCache):
    """Keeps what the client knows in memory; its own cache writes to the home folder."""

    def __init__(self, bootstrap: str) -> None:
        """Start with the features of a bootstrap file."""
        self._values: dict[str, Any] = {FEATURES_URL: bootstrap}
        self.bootstrapped = True

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        self._values[key] = value

    def mset(self, data: dict[str, Any]) -> None:
        """Keep several values."""
        self._values.update(data)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        return self._values.get(key, default)

    def exists(self, key: str) -> bool:
        """Whether there is such a value."""
        return key in self._values

    def destroy(self) -> None:
        """Forget everything."""
        self._values.clear()


def read_bootstrap(path: Path | None) -> str:
    """Return the content of the bootstrap file, by default of the one that ships with Slipway.

    Raises:
        ValueError: it cannot be read, or is not what Unleash's client API returns.
    """
    try:
        content = path.read_text("utf-8") if path else files(__package__).joinpath("bootstrap.json").read_text("utf-8")
        names = [feature["name"] for feature in json.loads(content)["features"]]
    except OSError as error:
        raise ValueError(f"SLIPWAY_FLAGS_FILE={path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'SLIPWAY_FLAGS_FILE={path} should be JSON like {{"version": 2, "features": [...]}}.'
        ) from error
    if len(names) != len(set(names)):
        raise ValueError(f"SLIPWAY_FLAGS_FILE={path} names a flag twice.")
    return content
