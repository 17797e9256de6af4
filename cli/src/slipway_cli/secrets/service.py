"""Makes what is missing, renews what ends soon, and writes each service's folder."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from slipway_cli.secrets.certificates import Certificate, issue, new_authority
from slipway_cli.secrets.files import files
from slipway_cli.secrets.folder import write
from slipway_cli.secrets.store import Store

STORE = Path("setup/secrets.json")
GATEWAY_HOSTS = ("localhost", "gateway", "127.0.0.1", "::1")
_POSTGRES_HOSTS = ("postgres",)


class Made(NamedTuple):
    """What `create` did."""

    secrets: list[str]
    """Names of those that were made."""
    files: int
    """How many files changed."""


def open_store(root: Path) -> Store:
    """Return the store of a folder of secrets."""
    return Store(root / STORE)


def create(root: Path, hosts: Iterable[str] = ()) -> Made:
    """Make every secret that is missing, and write each service's files. Repeated, it changes nothing.

    Args:
        root: the folder of secrets; below it, one folder a service.
        hosts: more names under which the gateway is reached.
    """
    (root / STORE.parent).mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(root)
    made = store.complete()
    authority = _certificate(store, "authority") or _keep(store, "authority", new_authority())
    gateway = _server(store, authority, "gateway", [*dict.fromkeys((*GATEWAY_HOSTS, *hosts))])
    postgres = _server(store, authority, "postgres", list(_POSTGRES_HOSTS))
    return Made(made, write(root, files(store, authority.certificate, gateway, postgres)))


def _server(store: Store, authority: Certificate, name: str, hosts: list[str]) -> Certificate:
    found, known = _certificate(store, name), store.get(f"{name}-hosts")
    if found and known == " ".join(hosts) and not found.is_due:
        return found
    store.keep({f"{name}-hosts": " ".join(hosts)})
    return _keep(store, name, issue(authority, hosts))


def _certificate(store: Store, name: str) -> Certificate | None:
    certificate, key = store.get(f"{name}-certificate"), store.get(f"{name}-certificate-key")
    return Certificate(certificate, key) if certificate and key else None


def _keep(store: Store, name: str, made: Certificate) -> Certificate:
    store.keep({f"{name}-certificate": made.certificate, f"{name}-certificate-key": made.key})
    return made
