"""`slipway retention`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.database import Database
from slipway.errors import InvalidInput, NotFound, Unavailable
from slipway.keys.schemas import Keyset
from slipway.keys.service import Keyring
from slipway.retention.schemas import Outcome
from slipway.retention.service import ClockError, Retention
from slipway.settings import Settings
from slipway.subjects import holds
from slipway.subjects.holds import Hold
from slipway.subjects.service import find_subject
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings
from slipway_cli.tenants import ACTOR, find_tenant, key_provider

app = typer.Typer(add_completion=False)
TenantOption = Annotated[str, typer.Option("--tenant", help="Name of the tenant.")]
SubjectArgument = Annotated[
    UUID | None, typer.Argument(help="Id of the subject. Without it their name is asked for, or read from a pipe.")
]


@app.callback(invoke_without_command=True)
def retention(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,  # noqa: FBT002  # an option of the command line
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,  # noqa: FBT002  # an option of the command line
) -> None:
    """Delete what is older than its limit, as the workers do every hour. Exit code 1 when a part of it failed.

    Busy are the tenants that a worker is at this moment at: it goes on with them.
    """
    if context.invoked_subcommand is None:
        outcomes = asyncio.run(_run(local_settings(), dry_run=dry_run))
        if as_json:
            typer.echo(json.dumps({"dry_run": dry_run, "stores": [_as_json(outcome) for outcome in outcomes]}))
        else:
            Console().print(_table(outcomes, dry_run=dry_run))
        if any(outcome.failed for outcome in outcomes):
            raise typer.Exit(1)


@app.command("hold")
def hold_(
    tenant: TenantOption,
    days: Annotated[int, typer.Option(min=1, help="Days until the hold ends.")],
    reason: Annotated[str, typer.Option(help="A reference, such as a case number. Nothing personal.")],
    subject: SubjectArgument = None,
) -> None:
    """Put a legal hold on a subject: nothing about them is deleted for its age until it ends."""
    until = clock.now() + timedelta(days=days)

    async def work(connection: AsyncConnection, found: UUID, person: UUID) -> None:
        await holds.hold(connection, found, Hold(person, until, reason), ACTOR)

    held = asyncio.run(_with_subject(tenant, subject or _ask_name(), work))
    typer.echo(f"Held {held} until {until:%Y-%m-%d %H:%M} UTC.")


@app.command("release")
def release_(tenant: TenantOption, subject: SubjectArgument = None) -> None:
    """Take a legal hold away. What is over its limit goes with the next run."""

    async def work(connection: AsyncConnection, found: UUID, person: UUID) -> None:
        await holds.release(connection, found, person, ACTOR)

    released = asyncio.run(_with_subject(tenant, subject or _ask_name(), work))
    typer.echo(f"Released {released}.")


@app.command("holds")
def holds_(tenant: TenantOption) -> None:
    """List the legal holds that are in force."""
    table = Table("Subject", "Until", "Reason", box=None)
    for hold in asyncio.run(_holds(tenant)):
        table.add_row(str(hold.subject), f"{hold.until:%Y-%m-%d %H:%M}", hold.reason)
    Console().print(table)


def _ask_name() -> str:
    """Ask, so that no name is left in the shell's history or in a list of processes."""
    answer: str = typer.prompt("Name of the person, as the inputs give it", err=True)
    return answer


async def _run(settings: Settings, *, dry_run: bool) -> list[Outcome]:
    async with open_database(settings) as database:
        work = Retention(database, settings)
        try:
            return await (work.look() if dry_run else work.run())
        except ClockError as error:
            raise LocalError(str(error)) from None


async def _holds(name: str) -> Sequence[Hold]:
    async with open_database(local_settings()) as database:
        tenant = await find_tenant(database, name)
        async with database.transaction(tenant) as connection:
            return await holds.list_holds(connection, tenant)


async def _with_subject(
    name: str, person: UUID | str, work: Callable[[AsyncConnection, UUID, UUID], Awaitable[None]]
) -> UUID:
    settings = local_settings()
    async with open_database(settings) as database:
        tenant = await find_tenant(database, name)
        try:
            subject = person if isinstance(person, UUID) else await _find(database, settings, tenant, person)
            async with database.transaction(tenant) as connection:
                await work(connection, tenant, subject)
        except (NotFound, InvalidInput) as problem:
            raise LocalError(problem.detail) from None
    return subject


async def _find(database: Database, settings: Settings, tenant: UUID, person: str) -> UUID:
    keyset = await _keyset(database, settings, tenant)
    async with database.transaction(tenant) as connection:
        return await find_subject(connection, keyset, person)


async def _keyset(database: Database, settings: Settings, tenant: UUID) -> Keyset:
    """Return what a name is looked for with: it is stored as a keyed hash only."""
    try:
        async with key_provider(settings) as provider:
            return await Keyring(database, provider, settings).keyset(tenant)
    except (LookupError, Unavailable, LocalError) as error:
        raise LocalError(f"Names are found by the tenant's key only, and it cannot be had: {error}") from None


def _table(outcomes: Sequence[Outcome], *, dry_run: bool) -> Table:
    table = Table(
        "Store", "Kept for", "Due" if dry_run else "Deleted", "Held", "Oldest beyond", "Failed", "Busy", box=None
    )
    for outcome in outcomes:
        rows = outcome.due if dry_run else outcome.deleted
        table.add_row(
            outcome.policy.store,
            _days(outcome.limit),
            str(rows),
            str(outcome.held),
            _date(outcome.oldest),
            str(outcome.failed or "-"),
            str(outcome.busy or "-"),
        )
    return table


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "store": outcome.policy.store,
        "table": outcome.policy.table,
        "limit_seconds": outcome.limit.total_seconds(),
        "deleted": outcome.deleted,
        "due": outcome.due,
        "held": outcome.held,
        "oldest": outcome.oldest.isoformat() if outcome.oldest else None,
        "failed": outcome.failed,
        "busy": outcome.busy,
    }


def _days(limit: timedelta) -> str:
    return f"{limit / timedelta(days=1):g} d"


def _date(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"
