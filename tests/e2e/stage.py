"""What the steps of a run share: the stack, the way into it, and where evidence is kept."""

import ssl
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import time_ns

import httpx

from e2e.failure import demand
from e2e.options import Options
from e2e.project import Project
from e2e.report import Outcome

_SECONDS = 60.0
_TENANT = "e2e"


@dataclass
class Stage:
    """The stack under test."""

    project: Project
    options: Options
    outcome: Outcome
    folder: Path
    """Where logs and files of the run are kept."""
    speakers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """Containers of its own that print lines, and end by themselves."""

    def runs(self, *services: str) -> bool:
        """Tell whether all of these services are part of the run."""
        return set(services) <= set(self.project.services)

    @cached_property
    def gateway(self) -> str:
        """The address of the API, as users see it."""
        return f"https://{self.project.address('gateway', 8443)}"

    @cached_property
    def prometheus(self) -> str:
        """The address of Prometheus."""
        return f"http://{self.project.address('prometheus', 9090)}"

    @cached_property
    def jaeger(self) -> str:
        """The address of the trace store."""
        return f"http://{self.project.address('jaeger', 16686)}"

    @cached_property
    def unleash(self) -> str:
        """The address of the flag server."""
        return f"http://{self.project.address('unleash', 4242)}"

    @cached_property
    def flag_environment(self) -> str:
        """The environment of the flag server that the services live in, as their token says."""
        return self.project.secret("unleash-client-token").partition(":")[2].partition(".")[0]

    @property
    def rules(self) -> Path:
        """The folder of the stack's own copy of Prometheus' rules.

        Raises:
            UnmetError: it uses those of the checkout, which no test may change.
        """
        found = self.project.file.parent / "prometheus" / "rules"
        demand(found.is_dir(), "This stack was not started by `python -m e2e`: its rules are those of the checkout.")
        return found

    @cached_property
    def log_store_password(self) -> str:
        """The password of Elasticsearch's user `elastic`."""
        return self.project.secret("elastic")

    @cached_property
    def authority(self) -> Path:
        """A file with the certificate that signed the gateway's."""
        file = self.folder / "ca.pem"
        file.write_text(self.project.secret("authority") + "\n")
        return file

    @cached_property
    def key_file(self) -> Path:
        """A file with an API key of a tenant that the run made for itself."""
        tenant, file = f"{_TENANT}-{time_ns():x}", self.folder / "key"
        self.project.operator("tenants", "create", tenant)
        file.touch(mode=0o600)
        file.write_text(self.project.operator("keys", "create", "--tenant", tenant))
        return file

    @property
    def key(self) -> str:
        """That key."""
        return self.key_file.read_text().strip()

    def client(self, *, key: str | None = None) -> httpx.Client:
        """Return a client of the API: through the gateway, with the run's key or another."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        trust = ssl.create_default_context(cafile=self.authority)
        return httpx.Client(base_url=self.gateway, headers=headers, verify=trust, timeout=_SECONDS)
