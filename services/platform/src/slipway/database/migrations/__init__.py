"""Migrations, expand and contract: version N and N-1 of the code both run on schema N."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, pool

from slipway.database.engine import driver_url
from slipway.database.revisions import MIGRATIONS, head, is_known
from slipway.database.scaler import grant_scaler, scaler_url
from slipway.settings import Settings

__all__ = ["CONNECTION", "configuration", "head", "owner_connection", "upgrade"]

CONNECTION = "connection"
"""Attribute of Alembic's configuration: a connection of the owner's, in a transaction."""


def configuration(settings: Settings | None = None) -> Config:
    """Return Alembic's configuration; with settings, one that can reach the database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["settings"] = settings
    return config


def upgrade(settings: Settings) -> str:
    """Bring the schema to this code's version, as the owner of the tables; return the version that it has then.

    A schema that is newer than this code, as after a rollback, is left as it is: migrations only expand.

    Raises:
        ValueError: the settings have no URL of the owner.
        ScalerRoleError: they have a URL of the autoscaler's role, and the server does not have it.
    """
    with owner_connection(settings) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and not is_known(found):
            return found
        config = configuration(settings)
        config.attributes[CONNECTION] = connection
        command.upgrade(config, "head")
        if scaler_url(settings) is not None:
            grant_scaler(connection)
        return head()


@contextmanager
def owner_connection(settings: Settings) -> Iterator[Connection]:
    """Open a transaction of the owner's in which nobody else migrates, and commit it at the end of the block.

    Raises:
        ValueError: the settings have no URL of the owner.
    """
    if settings.database_owner_url is None:
        raise ValueError("SLIPWAY_DATABASE_OWNER_URL is not set: migrations run as the owner of the tables")
    engine = create_engine(driver_url(settings.database_owner_url), poolclass=pool.NullPool)
    with engine.begin() as connection:
        # One migrator at a time: others wait here, and then find nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7543001)")
        yield connection
