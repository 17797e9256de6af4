"""The key files of the local key provider in a backup: other providers keep what wraps a tenant's key themselves."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

from slipway.keys.copies import BackupBlocked
from slipway.keys.envelope import DataKey
from slipway.keys.files import can_be_written, create_key_file, read_key_file
from slipway.keys.local import LocalKeyProvider, tenant_keys_folder
from slipway.settings import KeyProviderKind, Settings


class KeyFiles:
    """The folder of those files, or none."""

    def __init__(self, settings: Settings) -> None:
        local = settings.key_provider is KeyProviderKind.LOCAL
        self._settings = settings
        self._folder = tenant_keys_folder(settings) if local else None

    async def read(self, tenant: UUID, versions: Iterable[int]) -> dict[int, bytes]:
        """Return the files of these versions, as far as they have one: the master key itself wraps some."""
        return await asyncio.to_thread(self._read, tenant, versions)

    async def gone(self, tenant: UUID, files: Mapping[int, bytes]) -> Mapping[int, bytes]:
        """Return those of the files that are not in their place, as `lay` would put them back. Changes nothing.

        Raises:
            BackupBlocked: the keys lie elsewhere now, or the folder cannot be written.
        """
        return await asyncio.to_thread(self._gone, tenant, files)

    def unwrap(self, file: bytes, wrapped: bytes, *, tenant: UUID) -> DataKey:
        """Open a wrapped key as if this file were in its place.

        Raises:
            SealBroken: it does not open by this file and the master key.
        """
        return LocalKeyProvider.load(self._settings).unwrap_by(file, wrapped, tenant=str(tenant))

    async def lay(self, tenant: UUID, files: Mapping[int, bytes]) -> None:
        """Put back the files that are gone.

        Raises:
            BackupBlocked: the keys lie elsewhere now, or the folder cannot be written.
        """
        try:
            await asyncio.to_thread(self._lay, tenant, files)
        except OSError as error:
            raise BackupBlocked(f"{self._folder} cannot be written: {error.strerror}. Mount it writable.") from error

    def _read(self, tenant: UUID, versions: Iterable[int]) -> dict[int, bytes]:
        if self._folder is None:
            return {}
        paths = {version: self._path(tenant, version) for version in versions}
        return {version: read_key_file(path) for version, path in paths.items() if path.exists()}

    def _gone(self, tenant: UUID, files: Mapping[int, bytes]) -> Mapping[int, bytes]:
        gone = {version: file for version, file in files.items() if not self._path(tenant, version).exists()}
        if gone and not can_be_written(self._path(tenant, 1).parent):
            raise BackupBlocked(f"{self._folder} cannot be written. Mount it writable.")
        return gone

    def _lay(self, tenant: UUID, files: Mapping[int, bytes]) -> None:
        for version, content in files.items():
            create_key_file(self._path(tenant, version), content)

    def _path(self, tenant: UUID, version: int) -> Path:
        if self._folder is None:
            raise BackupBlocked("This backup has files of the key provider `local`, and the settings name another one.")
        return self._folder / str(tenant) / f"{version}.key"
