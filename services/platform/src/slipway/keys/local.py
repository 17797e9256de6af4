"""The key provider for development: the master key is a file."""

import base64
import binascii

from slipway.keys.envelope import Aad, DataKey, new_data_key, pseudonym, unwrap_key, wrap_key
from slipway.keys.files import KeyFileError, create_key_file, read_key_file
from slipway.keys.signer import new_signing_key
from slipway.settings import Environment, Settings


class LocalKeyProvider:
    """Wraps tenant keys with a master key that lies in a file of this machine."""

    def __init__(self, master: DataKey) -> None:
        """Use `load`; this is for those who hold a key already."""
        self._master = master
        self.id = f"local:{pseudonym(master, 'master key').hex()[:16]}"

    @classmethod
    def load(cls, settings: Settings) -> "LocalKeyProvider":
        """Read the master key of the settings.

        Raises:
            KeyFileError: this is not development, or the file is absent, open to other users, or no key.
        """
        _refuse_outside_development(settings)
        path = settings.master_key_file
        try:
            return cls(DataKey(1, base64.b64decode(read_key_file(path).strip(), validate=True)))
        except (binascii.Error, ValueError) as error:
            raise KeyFileError(f"{path} is not a master key: it should hold 32 bytes in base64.") from error

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        """Wrap a tenant's key, bound to the tenant."""
        return wrap_key(self._master, key, _place(tenant))

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        """Open a tenant's wrapped key.

        Raises:
            SealBroken: it was changed, is another tenant's, or was wrapped by another master key.
        """
        return unwrap_key(self._master, wrapped, _place(tenant))


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


def _place(tenant: str) -> Aad:
    return Aad(tenant=tenant, table="tenant_keys", column="wrapped", row=tenant)


def _refuse_outside_development(settings: Settings) -> None:
    if settings.environment is not Environment.DEVELOPMENT:
        raise KeyFileError(
            "A master key in a file is for development only. Outside of it, set a key management service."
        )
