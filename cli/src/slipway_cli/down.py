"""`slipway down`."""

import signal
import time
from pathlib import Path

import psutil
import typer
from rich.console import Console

from slipway_cli.errors import LocalError
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.lock import StackLock
from slipway_cli.stack.recovery import recover
from slipway_cli.stack.state import running_state

app = typer.Typer(add_completion=False)

_STOP_SECONDS = 120.0
_POLL_SECONDS = 0.1


@app.command()
def down() -> None:
    """Stop the stack: unfinished work is given back, the data stays. Cleans up when the supervisor was killed."""
    folder = VarFolder(Path("var"))
    console = Console()
    state = running_state(folder.state)
    supervisor = state.supervisor.find() if state else None
    if supervisor:
        with console.status("Stopping."):
            _stop(supervisor)
        console.print("Stopped.")
    elif folder.lock.exists() and (left := _clean_up(folder)):
        console.print(f"Stopped what a killed supervisor had left running: {', '.join(left)}.")
    else:
        console.print("The stack is not up.")


def _clean_up(folder: VarFolder) -> list[str]:
    lock = StackLock(folder.lock)
    lock.acquire()
    try:
        return recover(folder)
    finally:
        lock.release()


def _stop(supervisor: psutil.Process) -> None:
    supervisor.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while supervisor.is_running() and supervisor.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            raise LocalError(
                f"The supervisor (pid {supervisor.pid}) still stops its processes. `slipway down` again hurries it."
            )
        time.sleep(_POLL_SECONDS)
