"""`slipway migrate`."""

import asyncio

import typer
from rich.console import Console

from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import OWNER_URL, local_settings

app = typer.Typer(add_completion=False)


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema. `slipway up` does it by itself for its own database.

    With SLIPWAY_DATABASE_ADMIN_URL, the roles and the database are made first, with the passwords of their URLs.
    """
    import psycopg  # noqa: PLC0415  # slow to import
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    from slipway.database.bootstrap import bootstrap  # noqa: PLC0415
    from slipway.database.migrations import head, upgrade  # noqa: PLC0415

    settings = local_settings()
    if settings.database_owner_url is None:
        raise LocalError(f"{OWNER_URL} is not set: migrations run as the owner of the tables.")
    try:
        if settings.database_admin_url is not None:
            asyncio.run(bootstrap(settings.database_admin_url.get_secret_value(), settings))
        upgrade(settings)
    except (OperationalError, psycopg.OperationalError) as error:
        reason = str(error).splitlines()[0]
        raise LocalError(f"The database does not let us in: {reason}. Is it up (`slipway up`)?") from None
    Console().print(f"The schema is at version {head()}.", highlight=False)
