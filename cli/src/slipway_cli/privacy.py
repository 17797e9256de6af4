"""`slipway privacy`."""

import asyncio
import json
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from slipway.evidence import BrokenEvidenceError, Evidence, EvidenceError, Line
from slipway.inventory.notice import privacy_notice
from slipway.inventory.record import Record
from slipway.inventory.record import as_json as values_of
from slipway.inventory.record_page import record_page
from slipway.keys.files import KeyFileError
from slipway.keys.signer import AuditSigner
from slipway.review.checks import Reviewed
from slipway.review.page import report_page
from slipway.review.schemas import Report
from slipway.review.service import REVIEWS
from slipway.review.service import review as run_review
from slipway.settings import Settings
from slipway.workload.loader import AnyWorkload, find_workload
from slipway_cli import erasures
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.exports import open_package
from slipway_cli.stack.environment import local_settings

ResultT = TypeVar("ResultT")
app = typer.Typer(add_completion=False, no_args_is_help=True)
erasures.add_commands(app)


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
    """Say what is held of anybody, and why; and review how it is handled."""


@app.command()
def inventory(form: FormatOption = Format.MARKDOWN) -> None:
    """Print what is held of anybody, where, what for, how long, and what export and erasure do with it."""
    typer.echo(_printed(form), nl=False)


@app.command()
def review(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002  # an option, never an argument
) -> None:
    """Compare how data are handled with what is declared, and keep the dated report. Exit code 1 if it finds anything.

    Workers do so by themselves every SLIPWAY_PRIVACY_REVIEW_DAYS.
    """
    body = _plainly(_review(local_settings())).body()
    typer.echo(json.dumps(body) + "\n" if as_json else report_page(body), nl=False)
    if body["findings"]:
        raise typer.Exit(1)


@app.command()
def reviews() -> None:
    """List the reports that are kept, the oldest first, each with its number of findings."""
    for line in _plainly(_kept(local_settings())):
        typer.echo(f"{line.number:>6}  {line.at:%Y-%m-%d %H:%M} UTC  {line.body['findings']} findings")


@app.command("open-export")
def open_export(
    package: Annotated[Path, typer.Argument(help="The package, as it was fetched.", exists=True, dir_okay=False)],
    key: Annotated[Path, typer.Option(help="Your private key (PEM, X25519).", exists=True, dir_okay=False)],
    to: Annotated[Path, typer.Option(help="A folder that is made for what is in it.")],
) -> None:
    """Open the export of a person with the private key of who asked for it."""
    for path in open_package(package, key, to):
        typer.echo(path)


async def _review(settings: Settings) -> Report:
    async with open_database(settings) as database:
        return await run_review(Reviewed(database, settings, _workload(settings)), _evidence(settings))


async def _kept(settings: Settings) -> list[Line]:
    return list(_evidence(settings).read(REVIEWS)) if REVIEWS in _evidence(settings).streams() else []


def _evidence(settings: Settings) -> Evidence:
    return Evidence(settings.evidence_dir, AuditSigner.load(settings))


def _plainly(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    try:
        return asyncio.run(work)
    except (EvidenceError, BrokenEvidenceError, KeyFileError) as error:
        raise LocalError(f"The reports of the reviews: {error}") from error


def _workload(settings: Settings) -> AnyWorkload:
    try:
        return find_workload(settings)
    except ValueError as error:
        raise LocalError(str(error)) from error


def _printed(form: Format) -> str:
    settings = local_settings()
    record = Record.of(settings, _workload(settings))
    if form is Format.JSON:
        return json.dumps(values_of(record), indent=2, ensure_ascii=False) + "\n"
    return record_page(record) if form is Format.MARKDOWN else privacy_notice(record)
