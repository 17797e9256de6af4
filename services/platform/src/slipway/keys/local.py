"""The key provider for development: the master key is a file, and each version of a tenant's key has a file of its own.

A tenant's file holds a random key, sealed by the master key; it wraps that version and nothing else, so that deleting
the file destroys the version. Where there is no folder and none can be made, because the master key was mounted, it
wraps itself: then a version cannot be destroyed apart from all others. Keys wrapped in that way open for ever.
"""

import asyncio
import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from slipway import clock
from slipway.keys.envelope import Aad, DataKey, SealBroken, key_version, new_data_key, pseudonym, unwrap_key, wrap_key
from slipway.keys.files import KeyFileError, can_be_written, create_key_file, delete_key_file, read_key_file
from slipway.keys.provider import (
    KeyDestroyed,
    KeyIndestructible,
    KeyProviderDenied,
    KeyProviderGone,
    KeyProviderMisconfigured,
    Version,
    pack,
    unpack,
)
from slipway.keys.signer import new_signing_key
from slipway.settings import Environment, Settings

_KIND = 2
_BY_MASTER = 1
"""First byte of an envelope: what the master key itself wrapped has no header."""


class LocalKeyProvider:
    """Wraps tenant keys with keys that lie in files of this machine."""

    def __init__(self, master: DataKey, folder: Path | None, *, file: Path | None = None) -> None:
        """Use `load`; this is for those who hold a key already. Without a folder, the master key wraps by itself."""
        self._master, self._file_of_master = master, file
        self._folder = folder
        self.id = f"local:{pseudonym(master, 'master key').hex()[:16]}"

    @classmethod
    def load(cls, settings: Settings) -> "LocalKeyProvider":
        """Read the master key of the settings.

        Raises:
            KeyFileError: this is not development, or the file is absent, open to other users, or no key.
        """
        _refuse_outside_development(settings)
        return cls(_read_master(settings.master_key_file), _folder(settings), file=settings.master_key_file)

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        """Wrap a version of a tenant's key, with a key file of its own that is made for it if it is absent."""
        version = Version(tenant, key.version)
        if self._folder is None or not await asyncio.to_thread(_can_be_there, self._folder):
            return wrap_key(self._master, key, _place(tenant))
        parent = await asyncio.to_thread(self._make, version, self._folder)
        return pack(_KIND, key.version, wrap_key(parent, key, _bound(version)))

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        """Open a tenant's wrapped key.

        Raises:
            SealBroken: it was changed, is another tenant's, or was wrapped by another master key.
            KeyDestroyed: its file is gone.
            KeyProviderMisconfigured: the folder of the files is not there at all.
            KeyProviderDenied: the file cannot be read.
        """
        if wrapped[:1] == bytes([_BY_MASTER]):
            return unwrap_key(self._master, wrapped, _place(tenant))
        file = await asyncio.to_thread(self._content, Version(tenant, unpack(_KIND, wrapped)[0]))
        return self.unwrap_by(file, wrapped, tenant=tenant)

    def unwrap_by(self, file: bytes, wrapped: bytes, *, tenant: str) -> DataKey:
        """Open a tenant's wrapped key by the content of a key file, wherever that is kept.

        Raises:
            SealBroken: one of the two was changed, or is another's.
        """
        number, sealed = unpack(_KIND, wrapped)
        version = Version(tenant, number)
        return unwrap_key(self._opened(version, file), sealed, _bound(version))

    async def destroy(self, *, tenant: str, version: int, wrapped: bytes) -> datetime:
        """Delete the file of the key that wrapped this version.

        Raises:
            SealBroken: `wrapped` is of another version, or was wrapped by another provider.
            KeyIndestructible: the master key wrapped it.
            KeyProviderMisconfigured: the folder of the files is not there at all.
            KeyProviderDenied: the file cannot be deleted.
        """
        if wrapped[:1] == bytes([_BY_MASTER]):
            key_version(wrapped)
            raise KeyIndestructible(
                f"Version {version} of the key of tenant {tenant} was wrapped by the master key itself, which wraps "
                "others as well. Backups that hold it die by their own retention."
            )
        if unpack(_KIND, wrapped)[0] != version:
            raise SealBroken(f"this is another version of the key of tenant {tenant} than {version}")
        await asyncio.to_thread(self._delete, Version(tenant, version))
        return clock.now()

    async def check(self) -> None:
        """Read the master key's file again: without it, the next start would be the last.

        Raises:
            KeyProviderGone: it is no longer there, or holds another key.
        """
        if self._file_of_master is None:
            return
        try:
            found = await asyncio.to_thread(_read_master, self._file_of_master)
        except KeyFileError as error:
            raise KeyProviderGone(str(error)) from error
        if found != self._master:
            raise KeyProviderGone(f"{self._file_of_master} holds another master key than when this process started.")

    async def close(self) -> None:
        """Return: nothing is held open."""

    def _file(self, version: Version) -> Path:
        # Asked at each call: a folder that is not mounted here says nothing about the files that are in it elsewhere.
        if self._folder is None or not self._folder.is_dir():
            raise KeyProviderMisconfigured(
                "The folder of the tenants' key files is not there. Mount the one that the other processes have, or "
                "name it in SLIPWAY_TENANT_KEYS_DIR."
            )
        return self._folder / version.tenant / f"{version.number}.key"

    def _make(self, version: Version, folder: Path) -> DataKey:
        sealed = wrap_key(self._master, DataKey(version.number, new_data_key().secret), _file_place(version))
        path = folder / version.tenant / f"{version.number}.key"
        with _writing(path):
            create_key_file(path, base64.b64encode(sealed))
        return self._opened(version, self._content(version))

    def _delete(self, version: Version) -> None:
        path = self._file(version)
        with _writing(path):
            delete_key_file(path)

    def _content(self, version: Version) -> bytes:
        path = self._file(version)
        try:
            return read_key_file(path)
        except KeyFileError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise KeyDestroyed(
                    f"the key file {path} is gone: this version of the tenant's key was destroyed, or lost"
                ) from error
            raise KeyProviderDenied(str(error)) from error

    def _opened(self, version: Version, file: bytes) -> DataKey:
        try:
            content = base64.b64decode(file, validate=True)
        except binascii.Error:
            raise SealBroken(
                f"the key file {version.tenant}/{version.number}.key was changed: it holds no base64"
            ) from None
        return unwrap_key(self._master, content, _file_place(version))


def create_keys(settings: Settings) -> bool:
    """Make the master key and the audit log's key where they are absent; tell whether anything was made.

    Raises:
        KeyFileError: this is not development, where keys come from a key management service.
    """
    _refuse_outside_development(settings)
    master = base64.b64encode(new_data_key().secret)
    return any(
        [create_key_file(settings.master_key_file, master), create_key_file(settings.audit_key_file, new_signing_key())]
    )


def tenant_keys_folder(settings: Settings) -> Path:
    """Return the folder of the tenants' key files: that of the settings, or the one beside the master key."""
    return settings.tenant_keys_dir or settings.master_key_file.parent / "tenants"


def _read_master(path: Path) -> DataKey:
    try:
        return DataKey(1, base64.b64decode(read_key_file(path).strip(), validate=True))
    except (binascii.Error, ValueError) as error:
        raise KeyFileError(f"{path} is not a master key: it should hold 32 bytes in base64.") from error


def _folder(settings: Settings) -> Path:
    folder = tenant_keys_folder(settings)
    if settings.tenant_keys_dir and not _can_be_there(folder):
        raise KeyFileError(f"The folder of tenants' keys {folder} cannot be written. Mount it writable.")
    return folder


def _can_be_there(folder: Path) -> bool:
    """Tell whether the folder is there, or can be made."""
    return folder.exists() or can_be_written(folder)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyProviderDenied(
            f"{path} cannot be changed here: {error.strerror}. What makes or destroys tenants' keys, as workers and "
            "the command line do, needs their folder writable."
        ) from error


def _place(tenant: str) -> Aad:
    return Aad(tenant=tenant, table="tenant_keys", column="wrapped", row=tenant)


def _bound(version: Version) -> Aad:
    return Aad(version.tenant, "tenant_keys", "wrapped", f"{version.tenant}/{version.number}")


def _file_place(version: Version) -> Aad:
    return Aad(version.tenant, "tenant_keys", "file", f"{version.tenant}/{version.number}")


def _refuse_outside_development(settings: Settings) -> None:
    if settings.environment is not Environment.DEVELOPMENT:
        raise KeyFileError(
            "A master key in a file is for development only. Outside of it, set a key management service: "
            "SLIPWAY_KEY_PROVIDER=aws-kms or vault-transit (docs/keys.md)."
        )
