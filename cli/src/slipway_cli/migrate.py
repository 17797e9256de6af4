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

    With SLIPWAY_DATABASE_ADMIN_URL, the roles and the database are made first, with the passwords of their URLs. With
    SLIPWAY_DATABASE_SCALER_URL, the autoscaler's role may count what waits. A schema that is newer than this version
    (after a rollback) is left as it is: this version runs on it.
    """
    import psycopg  # noqa: PLC0415  # slow to import
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    from slipway.database.bootstrap import bootstrap  # noqa: PLC0415
    from slipway.database.migrations import head, upgrade  # noqa: PLC0415
    from slipway.database.scaler import ScalerRoleError  # noqa: PLC0415

    settings = local_settings()
    if settings.database_owner_url is None:
        raise LocalError(f"{OWNER_URL} is not set: migrations run as the owner of the tables.")
    try:
        if settings.database_admin_url is not None:
            asyncio.run(bootstrap(settings.database_admin_url.get_secret_value(), settings))
        version = upgrade(settings)
    except ScalerRoleError as error:
        raise LocalError(str(error)) from None
    except (OperationalError, psycopg.OperationalError) as error:
        reason = str(error).splitlines()[0]
        raise LocalError(f"The database does not let us in: {reason}. Is it up (`slipway up`)?") from None
    newer = "" if version == head() else f" It is newer than this release ({head()}), and was left as it is."
    Console().print(f"The schema is at version {version}.{newer}", highlight=False, soft_wrap=True)
