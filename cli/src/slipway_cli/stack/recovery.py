"""Cleans up after a supervisor that was killed. Only for who holds the lock."""

import signal

import psutil

from slipway_cli.processes.family import stop_all
from slipway_cli.servers.cluster import Cluster
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.state import StackState, read_state

_STOP_SECONDS = 5.0


def recover(folder: VarFolder) -> list[str]:
    """Stop what was left running, and return the names of these processes."""
    left = left_running(folder, read_state(folder.state))
    stop_all([process for name, process in left.items() if name != "postgres"], signal.SIGTERM, _STOP_SECONDS)
    Cluster(folder.postgres).stop_running()
    folder.state.unlink(missing_ok=True)
    return list(left)


def left_running(folder: VarFolder, state: StackState | None) -> dict[str, psutil.Process]:
    """Return the processes of an earlier supervisor that still run, by name."""
    found = {status.name: status.identity.find() for status in (state.processes if state else []) if status.identity}
    found["postgres"] = Cluster(folder.postgres).running()
    return {name: process for name, process in found.items() if process}
