"""Alembic's entry: runs the migrations as the owner of the tables."""

from alembic import context
from sqlalchemy import create_engine, pool

from slipway.database import tables  # noqa: F401  # fills the metadata
from slipway.database.base import metadata
from slipway.database.engine import driver_url
from slipway.settings import Settings

# A migration that has to wait for a lock holds up all traffic behind it: better to fail, and to be run again.
_TIMEOUTS = ("SET LOCAL lock_timeout = '5s'", "SET LOCAL statement_timeout = '60s'")


def _run_online(settings: Settings) -> None:
    if settings.database_owner_url is None:
        raise ValueError("SLIPWAY_DATABASE_OWNER_URL is not set: migrations run as the owner of the tables")
    engine = create_engine(driver_url(settings.database_owner_url), poolclass=pool.NullPool)
    with engine.begin() as connection:
        # One migrator at a time: others wait here, and then find nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7543001)")
        context.configure(connection=connection, target_metadata=metadata)
        _migrate()
    engine.dispose()


def _run_offline() -> None:
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        _migrate()


def _migrate() -> None:
    for timeout in _TIMEOUTS:
        context.execute(timeout)
    context.run_migrations()


if context.is_offline_mode():
    _run_offline()
else:
    _run_online(context.config.attributes["settings"] or Settings())
