"""The way into a release: its address, keys, and whose certificate its gateway has."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from loadtests.autoscale.access import authority, make_keys, operator
from loadtests.autoscale.jobs import open_client
from loadtests.autoscale.options import Options
from loadtests.autoscale.progress import say
from loadtests.autoscale.release import Release

_KEYS = 5
"""A key has a rate limit of its own, of 100 requests a second by default."""


@dataclass(frozen=True, slots=True)
class Way:
    """How requests get in."""

    url: str
    key_file: Path
    """Keys, one a line."""
    ca_file: Path | None
    """None: an authority that this machine trusts."""

    @property
    def environment(self) -> dict[str, str]:
        """Return what tells the load generator."""
        ca = {"LOADTEST_CA_FILE": str(self.ca_file)} if self.ca_file else {}
        return {"LOADTEST_KEY_FILE": str(self.key_file), **ca}

    def client(self) -> httpx.Client:
        """Return a client of the API."""
        key = self.key_file.read_text(encoding="utf-8").split()[0]
        return open_client(self.url, key, ssl.create_default_context(cafile=self.ca_file))


@contextmanager
def opened(options: Options, release: Release, folder: Path) -> Iterator[Way]:
    """Yield the way in; keys that were made for the run are in no file afterwards."""
    ca_file = options.ca_file or authority(release, folder)
    if options.key_file:
        yield Way(options.url, options.key_file, ca_file)
        return
    file, tenant = folder / "keys", f"loadtest-{time.time_ns():x}"
    try:
        with operator(release) as pod:
            make_keys(release, pod, tenant, file, _KEYS)
        say(f"Made tenant {tenant} and {_KEYS} keys.")
        yield Way(options.url, file, ca_file)
    finally:
        file.unlink(missing_ok=True)
