"""`slipway doctor`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slipway_cli.doctor.configuration import check_keys, check_model, check_python, check_settings
from slipway_cli.doctor.finding import Finding
from slipway_cli.doctor.machine import check_clock, check_disk, check_folder
from slipway_cli.doctor.servers import check_leftovers, check_ports, check_postgres, check_redis
from slipway_cli.stack.folder import VarFolder

app = typer.Typer(add_completion=False)

_BASICS: tuple[Callable[[VarFolder], Finding], ...] = (check_folder, check_disk, check_clock, check_postgres)


def examine(folder: VarFolder) -> Iterator[Finding]:
    """Yield what each check found."""
    yield check_python()
    for check in _BASICS:
        yield check(folder)
    yield check_redis()
    yield check_leftovers(folder)
    settings = check_settings(folder)
    yield settings
    if settings.well:  # the others need them
        yield from check_ports(folder)
        yield check_keys(folder)
        yield check_model(folder)


@app.command()
def doctor() -> None:
    """Say what is wrong on this machine, and how to mend it. The exit code is 1 if something is."""
    console = Console()
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    findings = []
    with console.status("Looking."):
        for finding in examine(VarFolder(Path("var"))):
            findings.append(finding)
            mark = Text("ok", style="green") if finding.well else Text("wrong", style="bold red")
            table.add_row(mark, finding.subject, finding.text)
    console.print(table, highlight=False)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)
