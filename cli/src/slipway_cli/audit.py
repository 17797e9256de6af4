"""`slipway audit`: check the audit log, and tell it of what is meant to happen to it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DBAPIError

from slipway.audit.checkpoint import CHECKPOINTS
from slipway.audit.declarations import DeclarationError, Declarations
from slipway.audit.verification import Report, verify
from slipway.evidence import BrokenEvidenceError, Evidence, EvidenceError
from slipway.keys.files import KeyFileError, create_key_file, read_key_file
from slipway.keys.signer import AuditSigner, new_signing_key
from slipway.settings import Settings
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings

_UNCHECKED = 3
"""Exit code when the log could not be checked: neither that it holds nor that it does not."""

_REASON = "Why, in words that may be kept for ever: a ticket, never a name."

ResultT = TypeVar("ResultT")
app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Check the audit log."""


@app.command("verify")
def verify_(
    evidence: Annotated[
        Path | None, typer.Option(help="Folder of the checkpoints. Default: SLIPWAY_EVIDENCE_DIR.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002  # an option, never an argument
) -> None:
    """Check every tenant's chain of seals against its entries, and all against the checkpoints.

    Exit code 1 when something does not hold, 3 when it could not be checked.
    """
    try:
        report = asyncio.run(_verify(local_settings(), evidence))
    except (LocalError, EvidenceError, KeyFileError) as error:
        typer.echo(f"The audit log could not be checked: {error}", err=True)
        raise typer.Exit(_UNCHECKED) from None
    except DBAPIError as error:
        refused = f"{type(error.orig).__name__}, as when a table, a column or a right is gone"
        typer.echo(f"The audit log could not be checked: the database refused it ({refused}).", err=True)
        raise typer.Exit(_UNCHECKED) from None
    typer.echo(json.dumps(_object(report)) if as_json else "\n".join(_lines(report)))
    if not report.holds:
        raise typer.Exit(1)


@app.command()
def restored(reason: Annotated[str, typer.Option(help=_REASON)]) -> None:
    """Write into the checkpoints that the database was restored, or that a standby took over, which lacked the newest.

    What it lacks is not missing then. To be called when it serves; workers may have gone on meanwhile.
    """
    line = _plainly(_declare(lambda log: log.restored(reason)))
    since = line.body.get("since")
    lost = f"What checkpoints say since {since} is not expected any more" if since else "No checkpoint contradicts it"
    typer.echo(f"Written as line {line.number} of the checkpoints. {lost}.")


@app.command()
def removed(
    tenant: Annotated[UUID, typer.Argument(help="Its id, as `slipway audit verify` names it.")],
    reason: Annotated[str, typer.Option(help=_REASON)],
) -> None:
    """Write into the checkpoints that a tenant was removed from the database, and its log with it."""
    line = _plainly(_declare(lambda log: log.removed(tenant, reason)))
    typer.echo(f"Written as line {line.number} of the checkpoints.")


@app.command()
def archive(
    place: Annotated[Path, typer.Argument(help="Folder to move the files to.")],
    before: Annotated[datetime, typer.Option(help="Only files of which every line is older than this, in UTC.")],
) -> None:
    """Move old files of checkpoints away; a signed line says that they may be. The newest file always stays."""
    moved = _plainly(_declare(lambda log: log.archive(before.replace(tzinfo=UTC), place)))
    typer.echo(f"Moved {moved} files to {place / CHECKPOINTS}.")


@app.command("hand-over")
def hand_over(
    successor: Annotated[Path, typer.Argument(help="File of the new key (PEM); it is made if it is not there.")],
) -> None:
    """Change the key that signs: the old one, of SLIPWAY_AUDIT_KEY_FILE, gives all evidence to the new one.

    Then put the new file in its place and restart the workers; the old key is not needed any more.
    """
    settings = local_settings()

    async def change() -> list[str]:
        evidence = Evidence(settings.evidence_dir, AuditSigner.load(settings))
        if CHECKPOINTS not in evidence.streams():
            raise EvidenceError(
                f"There are no checkpoints in {settings.evidence_dir} that could say so, and old seals would not hold "
                "any more. Name the workers' folder by SLIPWAY_EVIDENCE_DIR, or let a worker run for a minute first."
            )
        create_key_file(successor, new_signing_key())
        heir = AuditSigner.parse(read_key_file(successor))
        return [f"{stream}: line {evidence.hand_over(stream, heir).number}" for stream in evidence.streams()]

    for told in _plainly(change()):
        typer.echo(told)
    typer.echo(f"Now put {successor} in the place of {settings.audit_key_file}, and restart the workers.")


async def _declare(what: Callable[[Declarations], Awaitable[ResultT]]) -> ResultT:
    settings = local_settings()
    async with open_database(settings) as database:
        return await what(Declarations(database, Evidence(settings.evidence_dir, AuditSigner.load(settings))))


def _plainly(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    try:
        return asyncio.run(work)
    except (EvidenceError, BrokenEvidenceError, DeclarationError, KeyFileError, ValueError) as error:
        raise LocalError(f"Nothing more was written: {error}") from error


async def _verify(settings: Settings, folder: Path | None) -> Report:
    evidence = Evidence(folder or settings.evidence_dir, AuditSigner.load(settings))
    async with open_database(settings) as database:
        with _Bar() as bar:
            return await verify(database, evidence, bar.saw)


class _Bar(Progress):
    """Says on the terminal how far the check is; nothing where there is none."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), TextColumn("{task.completed} entries"), TimeElapsedColumn())
        super().__init__(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._seen: set[UUID] = set()
        self._task = self.add_task("chains")

    def saw(self, tenant: UUID, tenants: int, entries: int) -> None:
        """Take in that so many more entries of a tenant were checked."""
        self._seen.add(tenant)
        self.update(self._task, description=f"tenant {len(self._seen)} of {tenants}", advance=entries)


def _lines(report: Report) -> list[str]:
    names, known = report.names, report.checkpoints
    told = [
        f"{names[tenant]}: {verdict.seals} seals over {verdict.entries} entries: {report.fault(tenant) or 'holds'}"
        for tenant, verdict in report.verdicts.items()
    ]
    gone = [f"{tenant}: {fault}" for tenant, fault in known.faults.items() if tenant not in report.verdicts]
    declared = [f"declared at {event.when}: {event.what}: {event.why}" for event in known.events]
    newest = f", the newest of {known.newest:%Y-%m-%d %H:%M:%S} UTC" if known.newest else ""
    return [*told, *gone, *declared, f"checkpoints: {known.lines} lines{newest}: {known.broken or 'hold'}"]


def _object(report: Report) -> dict[str, Any]:
    known = report.checkpoints
    tenants = {
        str(tenant): {"name": report.names[tenant], "seals": verdict.seals, "entries": verdict.entries}
        | {"fault": report.fault(tenant)}
        for tenant, verdict in report.verdicts.items()
    }
    gone = {str(tenant): {"fault": fault} for tenant, fault in known.faults.items() if tenant not in report.verdicts}
    newest = known.newest.isoformat() if known.newest else None
    declared = [asdict(event) for event in known.events]
    checkpoints = {"lines": known.lines, "newest": newest, "declared": declared, "fault": known.broken}
    return {"holds": report.holds, "tenants": tenants | gone, "checkpoints": checkpoints}
