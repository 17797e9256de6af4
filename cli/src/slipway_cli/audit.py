"""`slipway audit`: check the audit log, and tell it of what is meant to happen to it."""

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from slipway.audit.checkpointer import Checkpointer
from slipway.audit.verification import Report, verify
from slipway.evidence import BrokenEvidenceError, Evidence, EvidenceError
from slipway.keys.files import KeyFileError, create_key_file, read_key_file
from slipway.keys.signer import AuditSigner, new_signing_key
from slipway.settings import Settings
from slipway.tenants import repository
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings

_UNCHECKED = 3
"""Exit code when the log could not be checked: neither that it holds nor that it does not."""

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
        names, report = asyncio.run(_verify(local_settings(), evidence))
    except (LocalError, EvidenceError, KeyFileError) as error:
        typer.echo(f"The audit log could not be checked: {error}", err=True)
        raise typer.Exit(_UNCHECKED) from None
    typer.echo(json.dumps(_object(names, report)) if as_json else "\n".join(_lines(names, report)))
    if not report.holds:
        raise typer.Exit(1)


@app.command()
def restored(
    reason: Annotated[str, typer.Option(help="Why, in words that may be kept for ever: a ticket, never a name.")],
) -> None:
    """Write into the checkpoints that the database was restored from a backup, so that what it lacks is not missing."""
    settings = local_settings()

    async def write() -> int:
        async with open_database(settings) as database:
            evidence = Evidence(settings.evidence_dir, AuditSigner.load(settings))
            line = await Checkpointer(database, evidence, settings.checkpoint_seconds).restored(reason)
        return line.number

    typer.echo(f"Written as line {_plainly(write())} of the checkpoints.")


@app.command("hand-over")
def hand_over(
    successor: Annotated[Path, typer.Argument(help="File of the new key (PEM); it is made if it is not there.")],
) -> None:
    """Change the key that signs: the old one, of SLIPWAY_AUDIT_KEY_FILE, gives all evidence to the new one.

    Then put the new file in its place and restart the workers; the old key is not needed any more.
    """
    settings = local_settings()

    async def change() -> list[str]:
        create_key_file(successor, new_signing_key())
        heir = AuditSigner.parse(read_key_file(successor))
        evidence = Evidence(settings.evidence_dir, AuditSigner.load(settings))
        return [f"{stream}: line {evidence.hand_over(stream, heir).number}" for stream in evidence.streams()]

    for told in _plainly(change()):
        typer.echo(told)
    typer.echo(f"Now put {successor} in the place of {settings.audit_key_file}, and restart the workers.")


def _plainly(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    try:
        return asyncio.run(work)
    except (EvidenceError, BrokenEvidenceError, KeyFileError, ValueError) as error:
        raise LocalError(f"Nothing more was written: {error}") from error


async def _verify(settings: Settings, folder: Path | None) -> tuple[dict[UUID, str], Report]:
    evidence = Evidence(folder or settings.evidence_dir, AuditSigner.load(settings))
    async with open_database(settings) as database:
        async with database.system_transaction() as connection:
            names = {tenant: name for name, tenant in (await repository.list_tenants(connection)).items()}
        with _Bar(len(names)) as bar:
            return names, await verify(database, evidence, sorted(names, key=lambda tenant: names[tenant]), bar.saw)


class _Bar(Progress):
    """Says on the terminal how far the check is; nothing where there is none."""

    def __init__(self, tenants: int) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), TextColumn("{task.completed} entries"), TimeElapsedColumn())
        super().__init__(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._seen: set[UUID] = set()
        self._tenants = tenants
        self._task = self.add_task("chains")

    def saw(self, tenant: UUID, entries: int) -> None:
        """Take in that so many more entries of a tenant were checked."""
        self._seen.add(tenant)
        self.update(self._task, description=f"tenant {len(self._seen)} of {self._tenants}", advance=entries)


def _lines(names: dict[UUID, str], report: Report) -> list[str]:
    told = [
        f"{names[tenant]}: {verdict.seals} seals over {verdict.entries} entries: {report.fault(tenant) or 'holds'}"
        for tenant, verdict in report.verdicts.items()
    ]
    gone = [f"{tenant}: {fault}" for tenant, fault in report.checkpoints.faults.items() if tenant not in names]
    known = report.checkpoints
    newest = f", the newest of {known.newest:%Y-%m-%d %H:%M:%S} UTC" if known.newest else ""
    restores = [f"restored from a backup before {at:%Y-%m-%d %H:%M:%S} UTC: {why}" for at, why in known.restores]
    return [*told, *gone, *restores, f"checkpoints: {known.lines} lines{newest}: {known.broken or 'hold'}"]


def _object(names: dict[UUID, str], report: Report) -> dict[str, Any]:
    known = report.checkpoints
    tenants = {
        str(tenant): {"name": names[tenant], "seals": verdict.seals, "entries": verdict.entries}
        | {"fault": report.fault(tenant)}
        for tenant, verdict in report.verdicts.items()
    }
    gone = {str(tenant): {"fault": fault} for tenant, fault in known.faults.items() if tenant not in names}
    newest = known.newest.isoformat() if known.newest else None
    restores = [{"at": at.isoformat(), "reason": why} for at, why in known.restores]
    checkpoints = {"lines": known.lines, "newest": newest, "restores": restores, "fault": known.broken}
    return {"holds": report.holds, "tenants": tenants | gone, "checkpoints": checkpoints}
