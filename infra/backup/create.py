"""Makes a backup of the stack that runs."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from infra.backup.compose import SERVERS, ComposeServer, Stack
from infra.backup.dump import dump
from infra.backup.errors import BackupError
from infra.backup.files import newest, private, sha256
from infra.backup.manifest import FORMAT, Manifest, Part
from infra.backup.server import query

_APPLICATION = "postgres"


def create(stack: Stack, folder: Path, keys: Path, wrapped: Path) -> Manifest:
    """Write the data into a new folder, and the keys that open it into files elsewhere.

    Args:
        stack: what is backed up.
        folder: of the data.
        keys: new file of the stack's secrets.
        wrapped: file of the tenants' wrapped keys, whose newest backup replaces every older one.

    Raises:
        BackupError: a place is taken, or a server does not answer. Nothing is left then.
    """
    if any(path.resolve().is_relative_to(folder.resolve()) for path in (keys, wrapped)):
        raise BackupError("The keys must not lie beside the data that they open: name another place for them.")
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise BackupError(f"{folder} is there already. A backup overwrites nothing: name another place.") from None
    kept = False
    try:
        with private(keys) as file:
            kept = True
            stack.save_secrets(file)
        parts = [dump(ComposeServer(stack, service), service, name, folder) for service, name in SERVERS.items()]
        # After the data, whose keys have to be among them.
        with newest(wrapped) as file:
            stack.save_wrapped_keys(file)
        manifest = _manifest(stack, keys, parts)
        manifest.write(folder)
    except BaseException:
        shutil.rmtree(folder)
        if kept:  # what was there before belongs to another backup
            keys.unlink(missing_ok=True)
        raise
    return manifest


def _manifest(stack: Stack, keys: Path, parts: list[Part]) -> Manifest:
    server, database = ComposeServer(stack, _APPLICATION), SERVERS[_APPLICATION]
    image: str = stack.configuration()["services"]["migrate"]["image"]
    return Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        slipway=image.rpartition(":")[2],
        postgres=query(server, database, "SHOW server_version")[0],
        schema=query(server, database, "SELECT version_num FROM alembic_version")[0],
        keys_sha256=sha256(keys),
        parts=parts,
    )
