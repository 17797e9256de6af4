"""The one file that all secrets of a composed stack come from. Only the service `setup` ever sees it."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from slipway.keys.envelope import new_data_key
from slipway.keys.signer import new_signing_key
from slipway_cli.errors import LocalError

PASSWORDS = {
    "postgres": "PostgreSQL, superuser",
    "owner": "PostgreSQL, role that owns the tables",
    "app": "PostgreSQL, role of the API and the workers",
    "system": "PostgreSQL, role for queue metadata",
    "monitor": "PostgreSQL, role of the exporter",
    "redis": "Redis, user slipway",
    "redis-monitor": "Redis, user monitor",
    "unleash-db": "PostgreSQL of Unleash",
    "unleash": "Unleash, user admin",
    "unleash-session": "nothing: Unleash signs its sessions with it",
    "unleash-admin-token": "Unleash, admin API",
    "unleash-client-token": "Unleash, client API",
    "grafana": "Grafana, user admin",
    "elastic": "Elasticsearch and Kibana, user elastic",
    "kibana": "Elasticsearch, user kibana_system",
}
"""Every password and token, with what it opens."""
_PREFIXES = {"unleash-admin-token": "*:*.", "unleash-client-token": "default:development."}
"""What Unleash reads off a token: the project and the environment it is for."""
_KEYS: Mapping[str, Callable[[], str]] = {
    "master-key": lambda: base64.b64encode(new_data_key().secret).decode(),
    "audit-key": lambda: new_signing_key().decode(),
}


class Store:
    """Secrets by name, in a JSON file of mode 0600. What it holds is never made anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = _read(path)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def get(self, name: str) -> str | None:
        """Return a secret, or None."""
        return self._values.get(name)

    def complete(self) -> list[str]:
        """Make every password and key that is missing; return their names."""
        missing = {name: _new(name) for name in PASSWORDS if name not in self._values}
        missing |= {name: make() for name, make in _KEYS.items() if name not in self._values}
        self.keep(missing)
        return sorted(missing)

    def keep(self, values: Mapping[str, str]) -> None:
        """Add or replace secrets, in one step."""
        self._values |= values
        with NamedTemporaryFile("w", dir=self._path.parent, delete=False, encoding="utf-8") as file:
            json.dump(self._values, file, indent=2, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self._path)


def _new(name: str) -> str:
    # URL-safe characters need no quoting in a URL, a shell or YAML. Tokens have the form by which logs are masked.
    return f"{_PREFIXES[name]}{secrets.token_hex(32)}" if name in _PREFIXES else secrets.token_urlsafe(24)


def _read(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise LocalError(
            f"{path} cannot be read ({type(error).__name__}). It holds every secret of the stack: restore it from a"
            " backup, or remove the stack with its data (`docker compose down -v`)."
        ) from error
    return found
