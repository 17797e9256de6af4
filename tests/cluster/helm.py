"""The release, as `helm` installs and changes it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from e2e.command import run
from e2e.failure import demand

from cluster.options import CHART, Options

_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Helm:
    """One release of the chart in one namespace."""

    options: Options

    def install(self) -> None:
        """Install it, and return when everything is ready."""
        self._helm("install", self.options.release, str(CHART), *self._values(), *self._waiting())

    def upgrade(self, *settings: str, json_settings: Sequence[str] = ()) -> None:
        """Upgrade it to the same values and a few more, and return when everything is ready."""
        more = [part for setting in settings for part in ("--set", setting)]
        more += [part for setting in json_settings for part in ("--set-json", setting)]
        name = self.options.release
        self._helm("upgrade", name, str(CHART), "--reset-then-reuse-values", *more, *self._waiting())

    def rollback(self, revision: int) -> None:
        """Go back to a revision, and return when everything is ready."""
        self._helm("rollback", self.options.release, str(revision), *self._waiting())

    def test(self) -> str:
        """Run its tests, and return what they said."""
        return self._helm("test", self.options.release, "--timeout", f"{_SECONDS}s")

    def uninstall(self) -> None:
        """Remove it, and return when its objects are gone."""
        self._helm("uninstall", self.options.release, *self._waiting())

    def revision(self) -> int:
        """Return the number of the revision that is deployed."""
        history = json.loads(self._helm("history", self.options.release, "--output", "json"))
        deployed = [one["revision"] for one in history if one["status"] == "deployed"]
        demand(deployed, f"No revision of {self.options.release} is deployed.")
        return int(deployed[-1])

    def _values(self) -> Sequence[str]:
        files = [part for file in self.options.values for part in ("--values", str(file))]
        return [*files, *(part for setting in self.options.settings for part in ("--set", setting))]

    def _waiting(self) -> Sequence[str]:
        return ("--wait", "--timeout", f"{_SECONDS}s")

    def _helm(self, *arguments: str) -> str:
        context = ["--kube-context", self.options.context] if self.options.context else []
        command = ["helm", *context, "--namespace", self.options.namespace, *arguments]
        return run(command, timeout=_SECONDS + 30)
