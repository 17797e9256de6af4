"""The way into a release: its address, keys, and whose certificate its gateway has."""

import math
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from loadtests.autoscale.access import add_keys, authority, make_keys, operator
from loadtests.autoscale.jobs import open_client
from loadtests.autoscale.options import Options
from loadtests.autoscale.progress import say
from loadtests.autoscale.release import Release

KEYS = 12
"""Made at the beginning: enough to find a capacity of 320 requests a second, which a trial exceeds by three times."""
_OF_KEY = 80.0
"""Requests a second that are asked of one key: it has a rate limit of its own, of 100 by default."""
_MARGIN = 1.1
"""Arrivals come at random, and some requests follow from answers."""


@dataclass(frozen=True, slots=True)
class Way:
    """How requests get in."""

    url: str
    key_file: Path
    """Keys, one a line."""
    ca_file: Path | None
    """None: an authority that this machine trusts."""
    tenant: str | None = None
    """That the keys were made for; None: they were given, and no others can be made."""

    @property
    def keys(self) -> list[str]:
        """Return the keys."""
        return self.key_file.read_text(encoding="utf-8").split()

    @property
    def environment(self) -> dict[str, str]:
        """Return what tells the load generator."""
        ca = {"LOADTEST_CA_FILE": str(self.ca_file)} if self.ca_file else {}
        return {"LOADTEST_KEY_FILE": str(self.key_file), **ca}

    def client(self) -> httpx.Client:
        """Return a client of the API."""
        return open_client(self.url, self.keys[0], ssl.create_default_context(cafile=self.ca_file))


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
            make_keys(release, pod, tenant, file, KEYS)
        say(f"Made tenant {tenant} and {KEYS} keys.")
        yield Way(options.url, file, ca_file, tenant)
    finally:
        file.unlink(missing_ok=True)


def provide(release: Release, way: Way, rate: float) -> None:
    """Make as many keys as so many requests a second need; of keys that were given, say when they are too few."""
    missing = keys_for(rate) - len(way.keys)
    if missing <= 0:
        return
    if way.tenant is None:
        say(f"{rate:.0f} requests/s need {keys_for(rate)} keys of {_OF_KEY:.0f} a second: {missing} may be missing.")
        return
    with operator(release) as pod:
        add_keys(release, pod, way.tenant, way.key_file, missing)
    say(f"Made {missing} keys more, for {rate:.0f} requests a second.")


def keys_for(rate: float) -> int:
    """Return how many keys so many requests a second need."""
    return math.ceil(rate * _MARGIN / _OF_KEY)
