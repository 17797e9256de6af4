"""Alembic's entry: runs the migrations as the owner of the tables."""

from alembic import context
from sqlalchemy import Connection

from slipway.database import tables  # noqa: F401  # fills the metadata
from slipway.database.base import metadata
from slipway.database.migrations import CONNECTION, owner_connection
from slipway.settings import Settings

# A migration that has to wait for a lock holds up all traffic behind it: better to fail, and to be run again.
_TIMEOUTS = ("SET LOCAL lock_timeout = '5s'", "SET LOCAL statement_timeout = '60s'")


def _run_online(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata)
    _migrate()


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
elif CONNECTION in context.config.attributes:
    _run_online(context.config.attributes[CONNECTION])
else:
    with owner_connection(context.config.attributes["settings"] or Settings()) as owner:
        _run_online(owner)
