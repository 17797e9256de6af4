"""Migrations, expand and contract: version N and N-1 of the code both run on schema N."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.settings import Settings


def configuration(settings: Settings | None = None) -> Config:
    """Return Alembic's configuration; with settings, one that can reach the database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["settings"] = settings
    return config


def upgrade(settings: Settings) -> None:
    """Bring the schema to this code's version, as the owner of the tables.

    Raises:
        ValueError: the settings have no URL of the owner.
    """
    command.upgrade(configuration(settings), "head")


@cache
def head() -> str:
    """Return the schema version that this code was written for."""
    found = _scripts().get_current_head()
    if found is None:
        raise ValueError("this installation has no migrations; install slipway again")
    return found


@cache
def is_known(revision: str) -> bool:
    """Tell whether this code has that migration; if not, the schema is newer than this code."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


async def applied(connection: AsyncConnection) -> str | None:
    """Return the version of the schema in the database; None before the first migration."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found = await connection.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())
