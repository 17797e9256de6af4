"""Versions of the schema, read without Alembic: every process asks for them at its start, and its import takes long."""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MIGRATIONS = Path(__file__).with_name("migrations")
"""The folder of Alembic's environment."""
_ASSIGNED = r'^{name}(?:\s*:[^=\n]+)?\s*=\s*(?:"([^"]+)"|None)\s*$'
_REVISION, _BEFORE = (re.compile(_ASSIGNED.format(name=name), re.MULTILINE) for name in ("revision", "down_revision"))


@cache
def head() -> str:
    """Return the schema version that this code was written for.

    Raises:
        ValueError: the migrations are not one chain, or there are none.
    """
    last = _chain().keys() - set(_chain().values())
    if len(last) != 1:
        raise ValueError(f"{MIGRATIONS} has {len(last)} last migrations instead of one; install slipway again")
    return str(last.pop())


def is_known(revision: str) -> bool:
    """Tell whether this code has that migration; if not, the schema is newer than this code."""
    return revision in _chain()


async def applied(connection: AsyncConnection) -> str | None:
    """Return the version of the schema in the database; None before the first migration."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found = await connection.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()


@cache
def _chain() -> dict[str, str | None]:
    """Return each migration and the one before it."""
    return dict(_read(path) for path in (MIGRATIONS / "versions").glob("*.py"))


def _read(path: Path) -> tuple[str, str | None]:
    source = path.read_text(encoding="utf-8")
    revision, before = _REVISION.search(source), _BEFORE.search(source)
    if revision is None or revision[1] is None or before is None:
        raise ValueError(f"{path} does not say `revision` and `down_revision` in a line each; install slipway again")
    return revision[1], before[1]
