"""Checks of PostgreSQL and Redis, and of the ports that the stack listens on."""

import os
import subprocess

import psutil

from slipway_cli.doctor.finding import Finding, well, wrong
from slipway_cli.errors import LocalError
from slipway_cli.servers import redis
from slipway_cli.servers.cluster import Cluster
from slipway_cli.servers.placement import wheel_binaries
from slipway_cli.servers.ports import describe_listener, is_free
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.plan import DATABASE_URLS, REDIS_URL, expected_ports
from slipway_cli.stack.recovery import left_running
from slipway_cli.stack.state import read_state, running_state


def check_postgres(folder: VarFolder) -> Finding:
    """Whether there are binaries that run, and the data folder is absent or whole."""
    if DATABASE_URLS["app"] in os.environ:
        return well("postgresql", f"Yours: {DATABASE_URLS['app']} is set.")
    try:
        version = _version(str(wheel_binaries() / "postgres"))
        there = Cluster(folder.postgres).exists()
    except (LocalError, OSError, subprocess.SubprocessError) as error:
        return wrong("postgresql", str(error))
    return well("postgresql", f"{version}; the data folder is {'whole' if there else 'not made yet'}.")


def check_redis() -> Finding:
    """Whether there is a Redis that runs here."""
    if REDIS_URL in os.environ:
        return well("redis", f"Yours: {REDIS_URL} is set.")
    try:
        binary = redis.require_binary()
        return well("redis", f"{_version(str(binary))} ({binary})")
    except (LocalError, OSError, subprocess.SubprocessError) as error:
        return wrong("redis", str(error))


def check_ports(folder: VarFolder) -> list[Finding]:
    """Whether others listen where the stack would."""
    if running_state(folder.state):
        return [well("ports", "The stack is up and listens on them.")]
    try:
        taken = [(port, purpose) for purpose, port in expected_ports(folder).items() if not is_free(port)]
    except LocalError as error:
        return [wrong("ports", str(error))]
    return [
        wrong(
            f"port {port}",
            f"It is for {purpose}, and taken by {describe_listener(port)}. "
            "Stop that, or let `slipway up` choose another.",
        )
        for port, purpose in taken
    ] or [well("ports", "All are free.")]


def check_leftovers(folder: VarFolder) -> Finding:
    """Whether an earlier supervisor was killed and left something behind."""
    state = read_state(folder.state)
    if state and state.supervisor.find():
        return well("supervisor", f"Up, pid {state.supervisor.pid}.")
    left: dict[str, psutil.Process] = left_running(folder, state)
    if state or left:
        names = ", ".join(f"{name} (pid {process.pid})" for name, process in left.items()) or "no process"
        return wrong(
            "supervisor",
            f"The last one was killed; it left {names} running and its state file behind. "
            "`slipway down` cleans up; so does the next `slipway up`.",
        )
    return well("supervisor", "Not up, and nothing was left behind.")


def _version(binary: str) -> str:
    found = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    return " ".join(found.stdout.split()[:3])
