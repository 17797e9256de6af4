"""A real Vault (or OpenBao), the one that VAULT_ADDR names: a transit engine of its own for a run of the tests."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx


@dataclass(frozen=True)
class Vault:
    """Where the engine is, and two tokens: one that may do everything, one that may do nothing with it."""

    url: str
    mount: str
    token: str
    nobody: str

    @property
    def port(self) -> int | None:
        """Its port, if it is of this machine and speaks no TLS: then a proxy can stand before it."""
        address = httpx.URL(self.url)
        return address.port if address.scheme == "http" and address.host in {"127.0.0.1", "localhost"} else None


def vault_authority() -> Path | None:
    """Return the file of VAULT_CACERT, or None."""
    return Path(os.environ["VAULT_CACERT"]) if os.environ.get("VAULT_CACERT") else None


def vault_address() -> str | None:
    """Return the address of the environment, or None if there is none, or no token for it.

    Many have VAULT_ADDR set for their daily work, and their token elsewhere: that server is not meant.
    """
    return os.environ.get("VAULT_ADDR") if os.environ.get("VAULT_TOKEN") else None


@contextmanager
def vault_server() -> Iterator[Vault]:
    """Mount a transit engine at the server, and take it away in the end. VAULT_TOKEN must be a root token."""
    mount, headers = f"slipway-{uuid4().hex[:12]}", {"X-Vault-Token": os.environ["VAULT_TOKEN"]}
    trusted = ssl.create_default_context()
    if authority := vault_authority():
        trusted.load_verify_locations(authority)
    with httpx.Client(base_url=vault_address() or "", headers=headers, timeout=10, verify=trusted) as http:
        http.post(f"/v1/sys/mounts/{mount}", json={"type": "transit"}).raise_for_status()
        try:
            made = http.post("/v1/auth/token/create", json={"policies": ["default"], "ttl": "1h"}).raise_for_status()
            yield Vault(str(http.base_url), mount, headers["X-Vault-Token"], made.json()["auth"]["client_token"])
        finally:
            http.delete(f"/v1/sys/mounts/{mount}").raise_for_status()
