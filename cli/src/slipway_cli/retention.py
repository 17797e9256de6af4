"""`slipway retention`."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway import clock
from slipway.errors import Problem
from slipway.retention.schemas import Outcome
from slipway.retention.service import Retention
from slipway.settings import Settings
from slipway.subjects import holds
from slipway.subjects.holds import Hold
from slipway_cli.database import open_database
from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import local_settings
from slipway_cli.tenants import ACTOR, find_tenant

ResultT = TypeVar("ResultT")
app = typer.Typer(add_completion=False)
TenantOption = Annotated[str, typer.Option("--tenant", help="Name of the tenant.")]
SubjectArgument = Annotated[UUID, typer.Argument(help="The subject's id, as the platform gives it.")]


@app.callback(invoke_without_command=True)
def retention(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,  # noqa: FBT002  # an option of the command line
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,  # noqa: FBT002  # an option of the command line
) -> None:
    """Delete what is older than its limit, as the workers do every hour. Exit code 1 when a part of it failed."""
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
    subject: SubjectArgument,
    days: Annotated[int, typer.Option(min=1, help="Days until the hold ends.")],
    reason: Annotated[str, typer.Option(help="A reference, such as a case number. Nothing personal.")],
) -> None:
    """Put a legal hold on a subject: nothing about them is deleted for its age until it ends."""
    until = clock.now() + timedelta(days=days)
    asyncio.run(_with(tenant, lambda found, to: holds.hold(to, found, Hold(subject, until, reason), ACTOR)))
    typer.echo(f"Held until {until:%Y-%m-%d %H:%M} UTC.")


@app.command("release")
def release_(tenant: TenantOption, subject: SubjectArgument) -> None:
    """Take a legal hold away. What is over its limit goes with the next run."""
    asyncio.run(_with(tenant, lambda found, to: holds.release(to, found, subject, ACTOR)))
    typer.echo("Released.")


@app.command("holds")
def holds_(tenant: TenantOption) -> None:
    """List the legal holds that are in force."""
    table = Table("Subject", "Until", "Reason", box=None)
    for hold in asyncio.run(_with(tenant, lambda found, to: holds.list_holds(to, found))):
        table.add_row(str(hold.subject), f"{hold.until:%Y-%m-%d %H:%M}", hold.reason)
    Console().print(table)


async def _run(settings: Settings, *, dry_run: bool) -> list[Outcome]:
    async with open_database(settings) as database:
        work = Retention(database, settings)
        return await (work.look() if dry_run else work.run())


async def _with(name: str, work: Callable[[UUID, AsyncConnection], Awaitable[ResultT]]) -> ResultT:
    async with _opened(name) as (tenant, connection):
        return await work(tenant, connection)


@asynccontextmanager
async def _opened(name: str) -> AsyncIterator[tuple[UUID, AsyncConnection]]:
    async with open_database(local_settings()) as database:
        tenant = await find_tenant(database, name)
        try:
            async with database.transaction(tenant) as connection:
                yield tenant, connection
        except Problem as problem:
            raise LocalError(str(problem)) from None


def _table(outcomes: Sequence[Outcome], *, dry_run: bool) -> Table:
    table = Table("Store", "Kept for", "Due" if dry_run else "Deleted", "Held", "Oldest beyond", "Failed", box=None)
    for outcome in outcomes:
        rows = outcome.due if dry_run else outcome.deleted
        table.add_row(
            outcome.policy.store,
            _days(outcome.limit),
            str(rows),
            str(outcome.held),
            _date(outcome.oldest),
            str(outcome.failed) if outcome.failed else "-",
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
    }


def _days(limit: timedelta) -> str:
    return f"{limit / timedelta(days=1):g} d"


def _date(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"
