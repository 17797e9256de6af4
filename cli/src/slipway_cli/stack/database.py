"""Roles, schema and keys, before any service starts."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from slipway.settings import Settings
from slipway_cli.errors import LocalError


def prepare_database(settings: Settings, admin_url: str | None) -> None:
    """Bring roles, schema and keys to this version; all of it may have been done before.

    Args:
        settings: those of the stack.
        admin_url: the superuser's URL of our own server; None for a server of the user's, whose roles are theirs to
            make, and which is migrated if the settings have the owner's URL.
    """
    # In a thread of its own: the caller may have an event loop that runs.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(_prepare, settings, admin_url).result()


def _prepare(settings: Settings, admin_url: str | None) -> None:
    from slipway.database.bootstrap import bootstrap  # noqa: PLC0415  # slow to import, and only needed here
    from slipway.database.migrations import upgrade  # noqa: PLC0415
    from slipway.keys.files import KeyFileError  # noqa: PLC0415
    from slipway.keys.local import create_keys  # noqa: PLC0415

    try:
        create_keys(settings)
    except KeyFileError as error:
        raise LocalError(str(error)) from error
    if admin_url:
        asyncio.run(bootstrap(admin_url, settings))
    if settings.database_owner_url:
        upgrade(settings)
