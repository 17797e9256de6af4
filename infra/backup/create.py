"""Makes a backup of the stack that runs."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from infra.backup.apart import Apart
from infra.backup.compose import SERVERS, ComposeServer, Stack
from infra.backup.dump import dump
from infra.backup.errors import BackupError
from infra.backup.files import newest, private, sha256
from infra.backup.manifest import FORMAT, Manifest, Part
from infra.backup.server import query

_APPLICATION = "postgres"


def create(stack: Stack, folder: Path, apart: Apart) -> Manifest:
    """Write the data into a new folder, and what is kept apart into its files.

    Args:
        stack: what is backed up.
        folder: of the data.
        apart: new files, all but that of the wrapped keys, whose newest backup replaces every older one.

    Raises:
        BackupError: a place is taken, or a server does not answer. Nothing is left then.
    """
    apart.refuse_within(folder)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise BackupError(f"{folder} is there already. A backup overwrites nothing: name another place.") from None
    kept: list[Path] = []
    try:
        with private(apart.keys) as file:
            kept.append(apart.keys)
            stack.save_secrets(file)
        parts = [dump(ComposeServer(stack, service), service, name, folder) for service, name in SERVERS.items()]
        # After the data, whose keys have to be among them.
        if apart.wrapped:
            with newest(apart.wrapped) as file:
                stack.save_wrapped_keys(file)
        manifest = _manifest(stack, apart.keys, parts)
        manifest.write(folder)
        # At last: whoever is in the data and was erased by now is named in it.
        if apart.evidence:
            with private(apart.evidence) as file:
                kept.append(apart.evidence)
                stack.save_evidence(file)
    except BaseException:
        shutil.rmtree(folder)
        for path in kept:  # what was there before belongs to another backup
            path.unlink(missing_ok=True)
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
