"""`slipway privacy`."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from slipway.inventory.notice import privacy_notice
from slipway.inventory.record import Record, as_json
from slipway.inventory.record_page import record_page
from slipway.workload.loader import find_workload
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings

app = typer.Typer(add_completion=False, no_args_is_help=True)


class Format(StrEnum):
    """What to print."""

    MARKDOWN = "markdown"
    JSON = "json"
    NOTICE = "notice"


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="markdown: the record of processing (GDPR Art. 30); json: the same, every entry by itself; notice: the "
        "privacy notice in plain words.",
    ),
]


@app.callback()
def privacy() -> None:
    """Say what is held of anybody, and why."""


@app.command()
def inventory(form: FormatOption = Format.MARKDOWN) -> None:
    """Print what is held of anybody, where, what for, how long, and what export and erasure do with it."""
    typer.echo(_printed(form), nl=False)


def _printed(form: Format) -> str:
    settings = local_settings()
    try:
        workload = find_workload(settings)
    except ValueError as error:
        raise LocalError(str(error)) from error
    record = Record.of(settings, workload)
    if form is Format.JSON:
        return json.dumps(as_json(record), indent=2, ensure_ascii=False) + "\n"
    return record_page(record) if form is Format.MARKDOWN else privacy_notice(record)
