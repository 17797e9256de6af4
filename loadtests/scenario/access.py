"""How the load generator is let in."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Access:
    """Keys, and whose certificates are believed."""

    keys: tuple[str, ...]
    """At least one. Requests take turns with them: each key has a rate limit of its own."""
    authority: Path | None
    """Its certificate in PEM; None: those that this machine trusts."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read LOADTEST_KEY_FILE, or else LOADTEST_KEY, and LOADTEST_CA_FILE. Several keys stand on a line each.

        Raises:
            SystemExit: there is no key, or a file cannot be read; the text says which.
        """
        authority = environment.get("LOADTEST_CA_FILE")
        if authority and not Path(authority).is_file():
            raise SystemExit(f"LOADTEST_CA_FILE={authority} is not there. `slipway secrets show authority` prints it.")
        keys = tuple(_keys(environment).split())
        if not keys:
            raise SystemExit(
                "No API key: put one into a file and name it in LOADTEST_KEY_FILE. `slipway keys create` makes one."
            )
        return cls(keys, Path(authority) if authority else None)

    def trust(self) -> ssl.SSLContext:
        """Return what checks the gateway's certificate."""
        return ssl.create_default_context(cafile=self.authority)


def _keys(environment: Mapping[str, str]) -> str:
    file = environment.get("LOADTEST_KEY_FILE")
    if not file:
        return environment.get("LOADTEST_KEY", "")
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise SystemExit(f"LOADTEST_KEY_FILE={file} cannot be read: {error.strerror}.") from None
