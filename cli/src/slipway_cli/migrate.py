"""`slipway migrate`."""

import typer
from rich.console import Console

from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import OWNER_URL, local_settings

app = typer.Typer(add_completion=False)


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema. `slipway up` does it by itself for its own database."""
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415  # slow to import

    from slipway.database.migrations import head, upgrade  # noqa: PLC0415

    settings = local_settings()
    if settings.database_owner_url is None:
        raise LocalError(f"{OWNER_URL} is not set: migrations run as the owner of the tables.")
    try:
        upgrade(settings)
    except OperationalError as error:
        reason = str(error).splitlines()[0]
        raise LocalError(f"The database does not let us in: {reason}. Is it up (`slipway up`)?") from None
    Console().print(f"The schema is at version {head()}.", highlight=False)
