"""`slipway logs`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from slipway_cli.errors import LocalError
from slipway_cli.processes.log import tail
from slipway_cli.stack.folder import VarFolder

app = typer.Typer(add_completion=False)

_POLL_SECONDS = 0.25


@app.command()
def logs(
    process: Annotated[str | None, typer.Argument(help="One process; without it, all.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written.")] = False,  # noqa: FBT002  # a flag
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Lines from the end of each log.")] = 50,
) -> None:
    """Show the logs of the processes."""
    files = _choose(VarFolder(Path("var")), process)
    width = max(len(file.stem) for file in files)
    prefixes = {file: "" if process else f"{file.stem:<{width}} | " for file in files}
    ends = {file: file.stat().st_size for file in files}
    for file, prefix in prefixes.items():
        _print(prefix, tail(file, lines))
    try:
        while follow:
            time.sleep(_POLL_SECONDS)
            for file, prefix in prefixes.items():
                ends[file] = _print_new(file, ends[file], prefix)
    except KeyboardInterrupt:
        return


def _choose(folder: VarFolder, process: str | None) -> list[Path]:
    files = folder.logs()
    chosen = [file for file in files if process in (None, file.stem)]
    if not chosen:
        names = ", ".join(file.stem for file in files)
        raise LocalError(f"There is no log of {process!r}; there is: {names}." if files else "There are no logs yet.")
    return chosen


def _print_new(file: Path, start: int, prefix: str) -> int:
    """Print the whole lines after `start`, and return where they end. A log that was cut is read from its beginning."""
    if file.stat().st_size < start:
        start = 0
    with file.open("rb") as opened:
        opened.seek(start)
        whole, newline, _ = opened.read().rpartition(b"\n")
    _print(prefix, whole.decode(errors="replace").splitlines())
    return start + len(whole) + len(newline)


def _print(prefix: str, lines: list[str]) -> None:
    for line in lines:
        print(f"{prefix}{line}")  # noqa: T201  # the terminal is what we talk to
