"""The rolling restart: one process after another is replaced by a new one, and nobody who calls the API notices."""

from collections.abc import Callable
from dataclasses import replace

from slipway_cli.errors import LocalError
from slipway_cli.processes.supervisor import StartCancelled
from slipway_cli.stack.report import Report
from slipway_cli.stack.state import Restart


class RestartRecord:
    """Keeps what a restart has done so far, for whoever looks from outside, and passes it on to a report."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Begin with no restart; `changed` is called whenever there is something new."""
        self.latest = Restart(0, [], ended=True, failure="")
        self._changed = changed

    def run(self, work: Callable[[Callable[[str], None]], None], report: Report) -> None:
        """Do one restart; `work` is given the function that takes its steps."""
        self._set(Restart(self.latest.number + 1, [], ended=False, failure=""))

        def step(text: str) -> None:
            report.step(text)
            self._set(replace(self.latest, steps=[*self.latest.steps, text]))

        try:
            work(step)
        except (LocalError, StartCancelled) as error:
            self._set(replace(self.latest, ended=True, failure=str(error) or "The stack is being stopped."))
            raise
        finally:
            report.step(None)
        self._set(replace(self.latest, ended=True))

    def _set(self, latest: Restart) -> None:
        self.latest = latest
        self._changed()
