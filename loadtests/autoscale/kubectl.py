"""A namespace of a cluster, as `kubectl` reaches it."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

Thing = dict[str, Any]
"""An object of the Kubernetes API."""
_SHOWN_LINES = 15
_NOT_FOUND = "(NotFound)"


class ClusterError(Exception):
    """`kubectl` did not do what it was asked for. The text says what it said."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a release is, or will be."""

    namespace: str
    context: str | None = None
    """None: the current one of the kubeconfig, which KUBECONFIG names as for every program."""

    def inside(self, namespace: str) -> Self:
        """Return another namespace of the same cluster."""
        return replace(self, namespace=namespace)

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a `kubectl` command."""
        context = ["--context", self.context] if self.context else []
        return ["kubectl", *context, "--namespace", self.namespace, *arguments]

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 60.0) -> str:
        """Run a `kubectl` command to its end, and return its standard output.

        Raises:
            ClusterError: it failed, or did not end within `timeout` seconds.
        """
        shown = f"kubectl {' '.join(arguments)[:200]}"
        try:
            ran = subprocess.run(
                self.command(*arguments), input=stdin, capture_output=True, text=True, timeout=timeout, check=False
            )
        except FileNotFoundError:
            raise ClusterError("There is no `kubectl` on the PATH.") from None
        except subprocess.TimeoutExpired:
            raise ClusterError(f"`{shown}` did not end within {timeout:.0f} s.") from None
        if ran.returncode:
            said = ran.stderr.splitlines()[-_SHOWN_LINES:]
            raise ClusterError("\n    ".join([f"`{shown}` failed with exit status {ran.returncode}:", *said]))
        return ran.stdout

    def things(self, kind: str, labels: Mapping[str, str] = MappingProxyType({})) -> list[Thing]:
        """Return the objects of a kind that have all of these labels."""
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        asked = ["--selector", selector] if selector else []
        found: list[Thing] = json.loads(self.run("get", kind, *asked, "--output", "json"))["items"]
        return found

    def thing(self, kind: str, name: str) -> Thing | None:
        """Return one object; None: there is none of that name."""
        told = self.run("get", kind, name, "--ignore-not-found", "--output", "json")
        found: Thing | None = json.loads(told) if told.strip() else None
        return found

    def apply(self, *things: Thing) -> None:
        """Create or change objects."""
        self.run("apply", "--filename", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": things}))

    def merge(self, kind: str, name: str, patch: Thing) -> None:
        """Change an object by a JSON merge patch."""
        self.run("patch", kind, name, "--type", "merge", "--patch", json.dumps(patch))

    def has(self, version: str, kind: str) -> bool:
        """Tell whether the cluster knows a kind, by its API group with version, and plural.

        That group alone is asked: another one whose server is away says nothing about it.
        """
        try:
            known = json.loads(self.run("get", "--raw", f"/apis/{version}"))["resources"]
        except ClusterError as error:
            if _NOT_FOUND in str(error):
                return False
            raise
        return any(one["name"] == kind for one in known)

    def execute(self, pod: str, command: Sequence[str], *, timeout: float = 60.0) -> str:
        """Run a program in a pod, and return its standard output, which is in nobody's log."""
        return self.run("exec", pod, "--", *command, timeout=timeout)
