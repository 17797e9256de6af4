"""`slipway status`."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from slipway_cli.display import process_table
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.state import StackState, running_state

app = typer.Typer(add_completion=False)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Show what runs. The exit code is 0 if the stack is up and ready, else 1."""
    state = running_state(VarFolder(Path("var")).state)
    if as_json:
        print(json.dumps(_document(state)))  # noqa: T201  # the terminal is what we talk to
    else:
        _show(state)
    if state is None or not state.ready:
        raise typer.Exit(1)


def _show(state: StackState | None) -> None:
    console = Console()
    if state is None:
        console.print("The stack is not up. `slipway up` starts it.")
        return
    console.print(process_table(state.processes))
    console.print(f"API: {state.api_url}, supervisor: pid {state.supervisor.pid}", highlight=False)


def _document(state: StackState | None) -> dict[str, Any]:
    if state is None:
        return {"up": False, "ready": False, "api_url": None, "supervisor_pid": None, "processes": []}
    return {
        "up": True,
        "ready": state.ready,
        "api_url": state.api_url,
        "supervisor_pid": state.supervisor.pid,
        "processes": [
            {
                "name": process.name,
                "state": process.state,
                "pid": process.pid,
                "port": process.port,
                "restarts": process.restarts,
                "seconds": round(time.time() - process.since, 1),
            }
            for process in state.processes
        ],
    }
