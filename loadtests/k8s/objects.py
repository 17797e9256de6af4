"""The objects of a load in a cluster."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

LABEL = "slipway.dev/load"
RESULTS = "/results"
_MANIFESTS = Path(__file__).with_name("load.yaml")
_FILES = "/run/load"
_KEYS, _AUTHORITY = "keys", "ca.pem"


@dataclass(frozen=True, slots=True)
class Order:
    """A load, and where it is sent from."""

    name: str
    """Of its objects."""
    image: str
    """`slipway-loadtest`, as the cluster's nodes get it."""
    workers: int
    host: str
    """Where requests go, as the pods reach it."""
    keys: str
    authority: str | None
    """Certificate in PEM of who signed the host's; None: those that the image trusts."""
    options: Sequence[str]
    """For Locust's master."""

    def secret(self) -> dict[str, Any]:
        """Return the Secret that the pods read."""
        files = {_KEYS: self.keys, **({_AUTHORITY: self.authority} if self.authority else {})}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self.name, "labels": {LABEL: self.name}},
            "data": {name: base64.b64encode(content.encode()).decode() for name, content in files.items()},
        }

    def manifests(self) -> str:
        """Return all other objects, as YAML documents."""
        environment = [{"name": "LOADTEST_KEY_FILE", "value": f"{_FILES}/{_KEYS}"}]
        if self.authority:
            environment.append({"name": "LOADTEST_CA_FILE", "value": f"{_FILES}/{_AUTHORITY}"})
        filled = {
            "name": self.name,
            "image": json.dumps(self.image),
            "workers": str(self.workers),
            "environment": json.dumps(environment),
            "master_arguments": json.dumps(self._master()),
        }
        return Template(_MANIFESTS.read_text(encoding="utf-8")).substitute(filled)

    def _master(self) -> list[str]:
        what = ["--locustfile", "loadtests/locustfile.py", "--master", "--headless", "--only-summary"]
        where = ["--expect-workers", str(self.workers), "--host", self.host, "--out", RESULTS]
        return [*what, *where, *self.options]
