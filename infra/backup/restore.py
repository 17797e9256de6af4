"""Restores a backup into an empty stack."""

from collections.abc import Callable
from pathlib import Path

from infra.backup.apart import Apart
from infra.backup.compose import ComposeServer, Stack
from infra.backup.errors import BackupError
from infra.backup.load import load
from infra.backup.manifest import Manifest


def restore(stack: Stack, folder: Path, apart: Apart, say: Callable[[str], None]) -> Manifest:
    """Fill the volumes of a stack that has none yet. Afterwards it is stopped, and ready to be started.

    Args:
        stack: what is filled.
        folder: of the data.
        apart: the keys that were made with the data; of the others the newest, however old the data.
        say: is told each step.

    Raises:
        BackupError: the backup is damaged, the stack is not empty, or a step failed. The stack is as before then.
    """
    manifest = Manifest.read(folder)
    manifest.check(folder, apart.keys)
    say(f"The backup of {manifest.made_at} is whole: {sum(part.size for part in manifest.parts):,} bytes.")
    if there := stack.volumes():
        raise BackupError(
            f"The stack is not empty: it has the volumes {', '.join(sorted(there))}. A restore overwrites nothing. "
            "Restore under another name (COMPOSE_PROJECT_NAME=other make restore ...), or remove this stack and all of "
            "its data first: docker compose down --volumes."
        )
    try:
        stack.put_secrets(apart.keys)
        say("The keys and passwords are in place.")
        if apart.evidence:
            stack.put_evidence(apart.evidence)
            say("The evidence is in place: whoever was erased since is erased again before anybody is let in.")
        _fill(stack, manifest, folder, say)
        if apart.wrapped:
            say(stack.put_wrapped_keys(apart.wrapped))
    except BaseException:
        stack("down", "--volumes", "--remove-orphans")
        raise
    stack("down", "--remove-orphans")
    return manifest


def _fill(stack: Stack, manifest: Manifest, folder: Path, say: Callable[[str], None]) -> None:
    say("Starting the databases.")
    stack("up", "--detach", "--wait", *(part.service for part in manifest.parts))
    for part in manifest.parts:
        load(ComposeServer(stack, part.service), part, folder)
        say(f"{part.database}: {sum(part.rows.values()):,} rows in {len(part.rows)} tables, as they were.")
