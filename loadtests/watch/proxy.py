"""The API server, reached through `kubectl proxy`: kubectl knows every way to log in, so nothing here has to.

The proxy listens on a socket in a folder of its own that only this user may enter. A port of the loopback address would
lend the user's rights to everybody on the machine.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from loadtests.watch.failure import WatchError

_READ_ONLY = "--reject-methods=^(POST|PUT|PATCH|DELETE)$"
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_ANSWER_SECONDS = 5.0


@asynccontextmanager
async def open_proxy(context: str | None) -> AsyncIterator[httpx.AsyncClient]:
    """Start a proxy that only reads, and yield a client of the API server.

    Args:
        context: of the kubeconfig; None: its current one.

    Raises:
        WatchError: kubectl is not there, or cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-watch-") as folder:
        socket = Path(folder) / "api"
        chosen = ["--context", context] if context else []
        process = await _start(["kubectl", *chosen, "proxy", f"--unix-socket={socket}", _READ_ONLY])
        try:
            transport = httpx.AsyncHTTPTransport(uds=str(socket))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", timeout=_ANSWER_SECONDS
            ) as api:
                yield api
        finally:
            await _stop(process)


async def _start(command: list[str]) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    try:
        # A session of its own: Ctrl-C is for us, and we end the proxy when the last line is written.
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, start_new_session=True)
    except FileNotFoundError:
        raise WatchError("There is no `kubectl` on the PATH: install it, or add its folder to the PATH.") from None
    assert process.stdout is not None  # noqa: S101  # it was asked for
    try:
        said = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
    except TimeoutError:
        await _stop(process)
        raise WatchError(f"`kubectl proxy` did not start within {_START_SECONDS:.0f} s.") from None
    if not said:
        _, reason = await process.communicate()
        raise WatchError(f"`kubectl proxy` did not start: {reason.decode(errors='replace').strip()}")
    return process


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the proxy and what it started: kubectl may be a wrapper."""
    for way in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is None:
            os.killpg(process.pid, way)
        try:
            await asyncio.wait_for(process.communicate(), _STOP_SECONDS)
        except TimeoutError:
            continue
        return
