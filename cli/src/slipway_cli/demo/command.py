"""`slipway demo`."""

import asyncio
import time
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from slipway.settings import Settings
from slipway.tenants.schemas import KeyOrder, Scope
from slipway_cli.demo.client import JobRun, SyncRun, run_job, run_sync
from slipway_cli.demo.messages import Message, read_messages, spread
from slipway_cli.demo.report import last_line, show
from slipway_cli.display import Display
from slipway_cli.errors import LocalError
from slipway_cli.keys import issue_key
from slipway_cli.stack.local import LocalStack
from slipway_cli.tenants import create_tenant

_VAR = Path("var/demo")
_DATA = Path("services/triage/data/test.csv")
_REQUEST_SECONDS = 60.0
_PLAIN_WIDTH = 120

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="Labelled messages, with the columns of the sample data.")] = _DATA,
    count: Annotated[int, typer.Option("--messages", min=1, help="Most messages to send, spread over the file.")] = 240,
) -> None:
    """Send messages that the model never saw through the API and through a job, and show what came out.

    The last line is one JSON object with the figures. The stack runs below var/demo, apart from that of `slipway up`.
    """
    messages, console, began = spread(read_messages(data), count), _console(), time.monotonic()
    stack = LocalStack(_VAR, any_ports=True)
    try:
        with Display(console) as display:
            stack.start(display)
            display.step(None)
        console.print(f"PostgreSQL, Redis, API, worker and scheduler are up after {time.monotonic() - began:.1f} s.")
        sync, job = asyncio.run(_run(stack.settings, stack.api_url, messages, console))
    finally:
        stack.stop()
    found = show(console, messages, sync, job)
    console.print("Start it for yourself with `make up`; the API is documented at http://127.0.0.1:8000/docs.")
    print(last_line(found))  # noqa: T201  # for programs, whatever the terminal's width


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_PLAIN_WIDTH)


async def _run(settings: Settings, url: str, messages: list[Message], console: Console) -> tuple[SyncRun, JobRun]:
    key = await _key(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    headers = {"Authorization": f"Bearer {key}"}
    with Progress(*columns, console=console) as progress:
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=_REQUEST_SECONDS) as api:
            now = progress.add_task("POST /v1/triage", total=len(messages))
            later = progress.add_task("POST /v1/jobs  ", total=len(messages), start=False)
            try:
                sync = await run_sync(api, messages, lambda count: progress.advance(now, count))
                progress.start_task(later)
                return sync, await run_job(api, messages, lambda count: progress.advance(later, count))
            except httpx.HTTPError as error:
                raise LocalError(f"The API did not answer as it should: {error}. See {_VAR}/logs/.") from error


async def _key(settings: Settings) -> str:
    tenant = f"demo-{uuid4().hex[:8]}"
    await create_tenant(settings, tenant)
    order = KeyOrder("demo", frozenset((Scope.PREDICT, Scope.JOBS_READ, Scope.JOBS_WRITE)))
    return (await issue_key(settings, tenant, order)).token.get_secret_value()
