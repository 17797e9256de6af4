"""`slipway audit`."""

import asyncio

import typer

from slipway.audit.sealer import Verdict, verify
from slipway.keys.signer import AuditSigner
from slipway.settings import Settings
from slipway.tenants import repository
from slipway_cli.database import open_database
from slipway_cli.stack.environment import local_settings

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Check the audit log."""


@app.command("verify")
def verify_() -> None:
    """Check every tenant's chain of seals against its entries. Exit code 1 when one does not hold."""
    verdicts = asyncio.run(_verdicts(local_settings()))
    for name, verdict in sorted(verdicts.items()):
        outcome = verdict.broken or "holds"
        typer.echo(f"{name}: {verdict.seals} seals over {verdict.entries} entries: {outcome}")
    if any(verdict.broken for verdict in verdicts.values()):
        raise typer.Exit(1)


async def _verdicts(settings: Settings) -> dict[str, Verdict]:
    signer = AuditSigner.load(settings)
    async with open_database(settings) as database:
        async with database.system_transaction() as connection:
            tenants = await repository.list_tenants(connection)
        return {name: await verify(database, signer, tenant) for name, tenant in tenants.items()}
