"""Restores a backup into an empty stack."""

from collections.abc import Callable
from pathlib import Path

from infra.backup.compose import ComposeServer, Stack
from infra.backup.errors import BackupError
from infra.backup.load import load
from infra.backup.manifest import Manifest


def restore(stack: Stack, folder: Path, keys: Path, wrapped: Path | None, say: Callable[[str], None]) -> Manifest:
    """Fill the volumes of a stack that has none yet. Afterwards it is stopped, and ready to be started.

    Args:
        stack: what is filled.
        folder: of the data.
        keys: the file of secrets that was made with them.
        wrapped: the newest backup of the tenants' wrapped keys; without one they are those of the data.
        say: is told what was done.

    Raises:
        BackupError: the backup is damaged, the stack is not empty, or a step failed. The stack is as before then.
    """
    manifest = Manifest.read(folder)
    manifest.check(folder, keys)
    say(f"The backup of {manifest.made_at} is whole: {sum(part.size for part in manifest.parts):,} bytes.")
    if there := stack.volumes():
        raise BackupError(
            f"The stack is not empty: it has the volumes {', '.join(sorted(there))}. A restore overwrites nothing. "
            "Restore under another name (COMPOSE_PROJECT_NAME=other make restore ...), or remove this stack and all of "
            "its data first: docker compose down --volumes."
        )
    try:
        _fill(stack, manifest, folder, keys, say)
        if wrapped:
            say(stack.put_wrapped_keys(wrapped))
    except BaseException:
        stack("down", "--volumes", "--remove-orphans")
        raise
    stack("down", "--remove-orphans")
    return manifest


def _fill(stack: Stack, manifest: Manifest, folder: Path, keys: Path, say: Callable[[str], None]) -> None:
    stack.put_secrets(keys)
    say("The keys and passwords are in place. Starting the databases.")
    stack("up", "--detach", "--wait", *(part.service for part in manifest.parts))
    for part in manifest.parts:
        load(ComposeServer(stack, part.service), part, folder)
        say(f"{part.database}: {sum(part.rows.values()):,} rows in {len(part.rows)} tables, as they were.")
