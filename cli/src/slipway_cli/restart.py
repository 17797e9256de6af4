"""`slipway restart`."""

import time
from pathlib import Path

import psutil
import typer
from rich.console import Console

from slipway_cli.errors import LocalError
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.local import RESTART_SIGNAL
from slipway_cli.stack.state import Restart, running_state

app = typer.Typer(add_completion=False)

_POLL_SECONDS = 0.1


@app.command()
def restart() -> None:
    """Replace the API, the workers and the scheduler by new processes, while they are in use.

    No request fails and no work is lost: a new API starts beside the old one, which then finishes its requests; workers
    follow one after another. Use it after a change of the code, of the model or of var/local.env. PostgreSQL and Redis
    stay. The exit code is 1 if a new process does not become ready; an API then goes on in its old process.
    """
    began, folder, console = time.monotonic(), VarFolder(Path("var")), Console()
    supervisor, before = _find(folder)
    supervisor.send_signal(RESTART_SIGNAL)
    done = _follow(folder, before.number, console)
    if done.failure:
        raise LocalError(done.failure)
    console.print(f"Restarted after {time.monotonic() - began:.1f} s.", highlight=False)


def _find(folder: VarFolder) -> tuple[psutil.Process, Restart]:
    state = running_state(folder.state)
    supervisor = state.supervisor.find() if state else None
    if state is None or supervisor is None:
        raise LocalError("The stack is not up. `slipway up` starts it.")
    if state.restart is None:
        raise LocalError(f"The stack was not started by `slipway up` (pid {supervisor.pid}): restart it there.")
    return supervisor, state.restart


def _follow(folder: VarFolder, number: int, console: Console) -> Restart:
    """Print each step of the restart after that number, and return it when it has ended."""
    told = 0
    while state := running_state(folder.state):
        latest = state.restart
        if latest and latest.number > number:
            for step in latest.steps[told:]:
                console.print(step, highlight=False)
            told = len(latest.steps)
            if latest.ended:
                return latest
        time.sleep(_POLL_SECONDS)
    raise LocalError("The stack was stopped meanwhile. See `slipway logs up`.")
