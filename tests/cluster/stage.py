"""What the steps of a run share: the release, the way into it, and where evidence is kept."""

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import time_ns
from typing import Any

import httpx
from loadtests.autoscale.access import authority, make_keys, operator
from loadtests.autoscale.kubectl import Cluster
from loadtests.autoscale.pin import settle
from loadtests.autoscale.release import Release, name_of

from cluster.helm import Helm
from cluster.options import Options
from cluster.report import Outcome

_SECONDS = 60.0


@dataclass
class Stage:
    """The release under test."""

    options: Options
    outcome: Outcome
    folder: Path
    """Where logs and files of the run are kept."""
    before_bounds: int = 0
    """The revision before the step `upgrade` fixed the number of replicas."""
    before_upgrade: int = 0
    """The revision that the step `upgrade` changed; 0: it was not carried out."""

    @cached_property
    def cluster(self) -> Cluster:
        """The namespace that the release is in."""
        return Cluster(self.options.namespace, self.options.context)

    @cached_property
    def release(self) -> Release:
        """The release, as its labels show it."""
        return Release(self.cluster, self.options.release)

    @property
    def helm(self) -> Helm:
        """The release, as `helm` changes it."""
        return Helm(self.options)

    @cached_property
    def key_file(self) -> Path:
        """A file with an API key of a tenant that the run made for itself."""
        with operator(self.release) as pod:
            return make_keys(self.release, pod, f"e2e-{time_ns():x}", self.folder / "key")

    @cached_property
    def authority(self) -> Path | None:
        """A file with the certificate that signed the gateway's; None: one of those that this machine trusts did."""
        return authority(self.release, self.folder)

    @cached_property
    def trust(self) -> ssl.SSLContext:
        """What checks the gateway's certificate."""
        return ssl.create_default_context(cafile=self.authority)

    def client(self) -> httpx.Client:
        """Return a client of the API, through the gateway."""
        return httpx.Client(**self._ways(), timeout=_SECONDS)

    def async_client(self, seconds: float, limits: httpx.Limits) -> httpx.AsyncClient:
        """Return one for many requests at a time; it sends none of them twice."""
        transport = httpx.AsyncHTTPTransport(verify=self.trust, limits=limits, retries=0)
        return httpx.AsyncClient(**self._ways(), timeout=seconds, transport=transport)

    def pod_names(self, component: str) -> set[str]:
        """Return the names of the pods of a component that are not being deleted."""
        return {name_of(pod) for pod in self.release.pods(component)}

    def await_replicas(self, component: str, replicas: int) -> None:
        """Wait until a component has exactly so many ready pods.

        Raises:
            ClusterError: it had not, in time.
        """
        settle(self.release, component, replicas)

    def _ways(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key_file.read_text(encoding='utf-8').strip()}"}
        return {"base_url": self.options.url, "headers": headers, "verify": self.trust}
