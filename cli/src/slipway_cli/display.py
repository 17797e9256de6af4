"""The live table of processes; plain lines where there is no terminal."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from slipway_cli.processes.watched import ProcessStatus, State

_STYLES = {
    State.READY: "green",
    State.STARTING: "yellow",
    State.NOT_READY: "yellow",
    State.RESTARTING: "bold yellow",
    State.STOPPING: "yellow",
    State.STOPPED: "dim",
    State.FAILED: "bold red",
}


def process_table(processes: Sequence[ProcessStatus]) -> Table:
    """Return the processes as a table."""
    table = Table("process", "state", "pid", "port", "restarts", "for", box=None, pad_edge=False, header_style="dim")
    for status in processes:
        restarts = Text(str(status.restarts or ""), style="yellow")
        state = Text(status.state, style=_STYLES[status.state])
        seconds = duration(time.time() - status.since)
        table.add_row(status.name, state, str(status.pid or ""), str(status.port or ""), restarts, seconds)
    return table


def duration(seconds: float) -> str:
    """Return a time in words of the right size."""
    if seconds < 60:  # noqa: PLR2004  # a minute
        return f"{seconds:.0f} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


class Display:
    """Shows the processes while they change, and what is being done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._processes: Sequence[ProcessStatus] = ()
        self._step: str | None = None
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._render, transient=True)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, highlight=False, soft_wrap=True)

    def step(self, text: str | None) -> None:
        """Say what is being done now; None: nothing."""
        self._step = text
        if text and not self._console.is_terminal:
            self.say(text)

    def show(self, processes: Sequence[ProcessStatus]) -> None:
        """Show the processes as they are now."""
        before = {status.name: status.state for status in self._processes}
        self._processes = processes
        if self._console.is_terminal:
            return
        for status in processes:
            if before.get(status.name) is not status.state:
                self.say(f"{status.name}: {status.state}" + (f" (pid {status.pid})" if status.pid else ""))

    def _render(self) -> RenderableType:
        spinner = [Spinner("dots", text=self._step)] if self._step else []
        return Group(process_table(self._processes), *spinner)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()
