"""`slipway up`."""

import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from slipway_cli.display import Display
from slipway_cli.errors import LocalError
from slipway_cli.stack.detached import start_detached
from slipway_cli.stack.local import RESTART_SIGNAL, LocalStack, StartCancelled

app = typer.Typer(add_completion=False)

_WATCH_SECONDS = 0.2


@app.command()
def up(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the API; kept for later.")] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Start the whole stack on this machine.

    PostgreSQL, Redis, the API, the worker and the scheduler run as processes of this one, with their data below var/.
    What dies is started again. Ctrl-C stops everything; a second Ctrl-C does not wait for unfinished work. `slipway
    restart` replaces the processes by new ones.
    """
    console = Console()
    with Display(console) as display:
        if detach:
            start_detached(Path("var"), display, workers=workers, port=port)
            return
        stack = LocalStack(workers=workers, api_port=port, listener=display.show, takes_restarts=True)
        _Foreground(stack, display).run()


class _Foreground:
    """Runs a stack until it is asked to stop, and restarts it when asked to."""

    def __init__(self, stack: LocalStack, display: Display) -> None:
        self._stack = stack
        self._display = display
        self._asked, self._restart_asked = threading.Event(), threading.Event()

    def run(self) -> None:
        """Start, watch, stop.

        Raises:
            LocalError: it did not start, or a process died again and again.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        signal.signal(RESTART_SIGNAL, self._on_restart_signal)
        try:
            self._start()
            self._watch()
        except StartCancelled:
            self._display.say("Stopped before all was ready.")
        finally:
            self._display.step("Stopping.")
            self._stack.stop()
            self._display.step(None)
        self._display.say("Stopped.")

    def _start(self) -> None:
        began = time.monotonic()
        self._stack.start(self._display)
        self._display.step(None)
        url = self._stack.api_url
        self._display.say(
            f"Ready after {time.monotonic() - began:.1f} s: {url} (documentation: {url}/docs). Ctrl-C stops everything."
        )

    def _watch(self) -> None:
        while not self._asked.wait(_WATCH_SECONDS):
            if failure := self._stack.failure():
                raise LocalError(failure)
            if self._restart_asked.is_set():
                self._restart_asked.clear()
                self._restart()

    def _restart(self) -> None:
        try:
            self._stack.restart(self._display)
        except LocalError as error:
            self._display.say(f"The restart failed. {error}")
        else:
            self._display.say("Restarted.")

    def _on_restart_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._restart_asked.set()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked.is_set():
            self._stack.hurry()
        self._asked.set()
        self._stack.cancel_start()
