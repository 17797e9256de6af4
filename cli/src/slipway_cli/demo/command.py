"""`slipway demo`."""

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from slipway_cli.demo.client import JobRun, SyncRun, run_job, run_sync
from slipway_cli.demo.messages import Message, read_messages, spread
from slipway_cli.demo.report import last_line, show
from slipway_cli.demo.target import Target, own_stack, running_stack
from slipway_cli.errors import LocalError

_DATA = Path("services/triage/data/test.csv")
_REQUEST_SECONDS = 60.0
_PLAIN_WIDTH = 120

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="Labelled messages, with the columns of the sample data.")] = _DATA,
    count: Annotated[int, typer.Option("--messages", min=1, help="Most messages to send, spread over the file.")] = 240,
    url: Annotated[str | None, typer.Option(help="A stack that is there already. Default: one of its own.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="File with an API key of that stack.")] = None,
    ca: Annotated[
        Path | None, typer.Option(help="File with the authority that signed that stack's certificate.")
    ] = None,
) -> None:
    """Send messages that the model never saw through the API and through a job, and show what came out.

    The last line is one JSON object with the figures. The stack runs below var/demo, apart from that of `slipway up`;
    with --url nothing is started.
    """
    if url is None and (key_file or ca):
        raise LocalError("--key-file and --ca belong to a stack that is there already: say where it is, with --url.")
    messages, console = spread(read_messages(data), count), _console()
    with nullcontext(running_stack(url, key_file, ca)) if url else own_stack(console) as target:
        sync, job = asyncio.run(_run(target, messages, console))
    found = show(console, messages, sync, job)
    console.print(target.farewell)
    print(last_line(found))  # noqa: T201  # for programs, whatever the terminal's width


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_PLAIN_WIDTH)


async def _run(target: Target, messages: list[Message], console: Console) -> tuple[SyncRun, JobRun]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        async with _client(target) as api:
            now = progress.add_task("POST /v1/triage", total=len(messages))
            later = progress.add_task("POST /v1/jobs  ", total=len(messages), start=False)
            try:
                sync = await run_sync(api, messages, lambda count: progress.advance(now, count))
                progress.start_task(later)
                return sync, await run_job(api, messages, lambda count: progress.advance(later, count))
            except httpx.HTTPError as error:
                raise LocalError(f"The API did not answer as it should: {error}. See {target.logs}.") from error


def _client(target: Target) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {target.key}"}
    return httpx.AsyncClient(base_url=target.url, headers=headers, timeout=_REQUEST_SECONDS, verify=target.trust)
