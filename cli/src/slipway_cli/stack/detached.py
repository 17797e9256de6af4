"""`slipway up --detach`: the supervisor as a process of its own."""

import subprocess
import sys
import time
from pathlib import Path

from slipway_cli.display import Display
from slipway_cli.errors import LocalError
from slipway_cli.processes.log import rotate, tail
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.local import START_SECONDS
from slipway_cli.stack.state import StackState, running_state

_POLL_SECONDS = 0.1
_EXCERPT_LINES = 30


def start_detached(var: Path, display: Display, *, workers: int, port: int | None) -> None:
    """Start a supervisor that outlives us, and return when all is ready.

    Raises:
        LocalError: it ended, or took too long; the text holds what it said.
    """
    folder = VarFolder(var)
    folder.make()
    log = folder.log("up")
    rotate(log, max_bytes=0)
    command = [sys.executable, "-m", "slipway_cli", "up", "--workers", str(workers)]
    with log.open("ab") as output:
        supervisor = subprocess.Popen(  # noqa: S603  # ourselves
            command + (["--port", str(port)] if port else []),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        state = _wait_ready(supervisor, folder, display)
    except BaseException:
        supervisor.terminate()
        supervisor.wait()
        raise
    display.say(f"Ready: {state.api_url} (documentation: {state.api_url}/docs). `slipway down` stops it.")


def _wait_ready(supervisor: "subprocess.Popen[bytes]", folder: VarFolder, display: Display) -> StackState:
    display.step("Starting.")
    deadline = time.monotonic() + 2 * START_SECONDS
    while time.monotonic() < deadline:
        state = running_state(folder.state)
        if state and state.supervisor.pid == supervisor.pid:
            display.show(state.processes)
            if state.ready:
                return state
        if supervisor.poll() is not None:
            said = "\n".join(tail(folder.log("up"), _EXCERPT_LINES))
            raise LocalError(f"The supervisor ended with status {supervisor.returncode}. It said:\n{said}")
        time.sleep(_POLL_SECONDS)
    raise LocalError(f"Not ready after {2 * START_SECONDS:.0f} s. See {folder.log('up')}.")
