"""A project of docker compose: started, looked at, and taken down. Nobody else's containers are touched."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from e2e.command import ROOT, run

_LABEL = "com.docker.compose.project"
_KINDS = {
    "containers": ("docker", "ps", "--all", "--format", "{{.Names}}"),
    "volumes": ("docker", "volume", "ls", "--format", "{{.Name}}"),
    "networks": ("docker", "network", "ls", "--format", "{{.Name}}"),
}


@dataclass(frozen=True)
class Project:
    """The stack of a compose file, under a name of its own."""

    name: str
    file: Path = ROOT / "docker-compose.yml"
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the compose file is filled in with, beside the tracked `.env`."""

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment that its commands run in."""
        return {**os.environ, **self.environment, "COMPOSE_PROJECT_NAME": self.name, "COMPOSE_FILE": str(self.file)}

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a `docker compose` command."""
        folder = ("--project-directory", str(ROOT), "--progress", "quiet")
        return ["docker", "compose", *folder, "--file", str(self.file), "--project-name", self.name, *arguments]

    def compose(self, *arguments: str, stdin: str | None = None, timeout: float = 600.0) -> str:
        """Run a `docker compose` command to its end, and return its standard output."""
        return run(self.command(*arguments), environment=self.variables, stdin=stdin, timeout=timeout)

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """What the compose file comes to, with the profiles that are on."""
        found: dict[str, Any] = json.loads(self.compose("config", "--format", "json"))
        return found

    def whole(self) -> dict[str, Any]:
        """Return what the compose file comes to, with the services of every profile."""
        found: dict[str, Any] = json.loads(self.compose("--profile", "*", "config", "--format", "json"))
        return found

    @property
    def services(self) -> list[str]:
        """The services that are to run."""
        return sorted(self.configuration["services"])

    def images(self) -> set[str]:
        """Return the images of its services."""
        return {service["image"] for service in self.configuration["services"].values()}

    def address(self, service: str, port: int) -> str:
        """Return where a port of a service is published: host and port."""
        return self.compose("port", service, str(port)).strip()

    def containers(self) -> list[dict[str, Any]]:
        """Return what the engine says of each container."""
        names = self._labelled("containers")
        found: list[dict[str, Any]] = json.loads(run(["docker", "inspect", *names])) if names else []
        return found

    def of(self, service: str) -> list[dict[str, Any]]:
        """Return the containers of a service."""
        return [one for one in self.containers() if one["Config"]["Labels"]["com.docker.compose.service"] == service]

    def operator(self, *arguments: str) -> str:
        """Run the command `slipway` as an operator of the stack does."""
        return self.compose("run", "--rm", "--no-deps", "-T", "cli", *arguments)

    def secret(self, name: str) -> str:
        """Return a password, or the certificate of its authority."""
        return self.compose("run", "--rm", "--no-deps", "-T", "setup", "secrets", "show", name).strip()

    def tail(self, service: str, lines: int) -> str:
        """Return the last lines of a service's log; nothing where there is none."""
        command = self.command("logs", "--no-color", "--tail", str(lines), service)
        ran = subprocess.run(command, env=self.variables, capture_output=True, text=True, check=False)
        return ran.stdout + ran.stderr

    def remove(self) -> None:
        """Remove every container, volume and network of the project, as `docker compose down --volumes` does."""
        # Those of profiles that are off go as well.
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "20")

    def remains(self) -> dict[str, Sequence[str]]:
        """Return what is there of the project, by kind: nothing, after it was removed."""
        found = {kind: self._labelled(kind) for kind in _KINDS}
        return {kind: names for kind, names in found.items() if names}

    def _labelled(self, kind: str) -> list[str]:
        return run([*_KINDS[kind], "--filter", f"label={_LABEL}={self.name}"]).split()
