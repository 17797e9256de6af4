"""The limit as the run needs it: its best settings, and its graphs as processes that wait."""

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.in_process import InProcess, waiting
from loadtests.bench.options import Options
from loadtests.bench.program import call

BEST = "int8"
"""The graph that is the limit."""
GRAPHS = ("fp32_plain", BEST, "fp32")
"""As they take turns: the limit is next to both others."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The best settings are searched for once a run."""

    options: Options
    folder: Path

    def search(self) -> None:
        """Find the best settings, or take those of an earlier run; they are in this run's folder then."""
        if self.options.limit:
            shutil.copyfile(self.options.limit, self._settings)
        else:
            seed = ("--seed", str(self.options.seed))
            call("loadtests.bench.limit", "search", "--out", str(self._settings), *seed, *self._always, log=self._log)

    def opened(self, graph: str) -> AbstractContextManager[InProcess]:
        """Return a graph in a process that waits."""
        options, arguments = self.options, ["--settings", str(self._settings), *self._always]
        return waiting(graph, arguments, options.seconds, options.seed, self._log)

    @property
    def _settings(self) -> Path:
        return self.folder / "limit.json"

    @property
    def _log(self) -> Path:
        return self.folder / "limit.log"

    @property
    def _always(self) -> list[str]:
        data = ["--data", str(self.options.data)] if self.options.data else []
        return ["--models", str(self.options.models), *data]
