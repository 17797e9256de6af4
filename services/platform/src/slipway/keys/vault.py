"""The key provider of HashiCorp Vault (and OpenBao): a transit key for each version of a tenant's key.

Its name is `{prefix}-{tenant}-{version}`. It is derived: Vault encrypts with a key that it derives from the context,
which names prefix, tenant and version, so that a wrapped key that was moved elsewhere does not open. It can be neither
exported nor backed up by itself. Destroying a version deletes its transit key, at once and for ever; snapshots of
Vault's own storage hold it until they are deleted.
"""

import asyncio
import base64
import binascii
import ssl
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx

from slipway import clock
from slipway.keys.envelope import DataKey, SealBroken
from slipway.keys.provider import (
    KeyDestroyed,
    KeyProviderDenied,
    KeyProviderGone,
    KeyProviderMisconfigured,
    Version,
    data_key,
    pack,
    plain,
    unpack,
)
from slipway.keys.vault_login import KubernetesLogin, TokenFile, VaultLogin
from slipway.settings import Settings

_KIND = 4
_ABSENT = ("encryption key not found", "no existing key named", "could not delete key; not found")
"""What Vault says in answers 400 of a transit key that is not there: of decrypt, config, and delete. Its 404 means
another thing, that no transit engine is mounted there, and must not be taken for a destruction."""
_DAMAGED = ("invalid ciphertext", "message authentication failed")
"""What it says, in answers 400 as well, of what does not open. Others come of what an operator can take back: the key
is soft-deleted (OpenBao), or its `min_decryption_version` was raised."""
_ALLOWED = {"update", "root"}


class VaultKeyProvider:
    """Wraps tenant keys with Vault's transit engine."""

    def __init__(self, http: httpx.AsyncClient, login: VaultLogin, settings: Settings) -> None:
        """Use `open`; this is for those who have a client already."""
        self._http, self._login = http, login
        self._prefix, self._mount = settings.key_provider_prefix, settings.vault_mount
        self._limit = settings.key_provider_timeout
        self.id = f"vault-transit:{self._mount}:{self._prefix}"

    @classmethod
    def open(cls, settings: Settings) -> "VaultKeyProvider":
        """Make a client for the server of the settings. Nothing is sent yet.

        Raises:
            KeyProviderMisconfigured: the file of authorities cannot be read.
        """
        headers = {"X-Vault-Request": "true"}
        if settings.vault_namespace:
            headers["X-Vault-Namespace"] = settings.vault_namespace
        http = httpx.AsyncClient(
            base_url=settings.vault_url or "",
            headers=headers,
            verify=_trust(settings),
            timeout=settings.key_provider_timeout,
            trust_env=False,
        )
        if settings.vault_token_file:
            return cls(http, TokenFile(settings.vault_token_file), settings)
        return cls(http, KubernetesLogin(http, settings, settings.vault_role or ""), settings)

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        """Wrap a version of a tenant's key with a transit key of its own, which is made for it if it is absent."""
        version = Version(tenant, key.version)
        await self._call("POST", self._path("keys", version), {"type": "aes256-gcm96", "derived": True})
        asked = {"plaintext": _encoded(plain(key)), "context": self._context(version)}
        answer = await self._call("POST", self._path("encrypt", version), asked)
        return pack(_KIND, key.version, _text(answer, "ciphertext").encode())

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        """Open a tenant's wrapped key.

        Raises:
            SealBroken: it was changed, is another tenant's, or was wrapped by another key.
            KeyDestroyed: its transit key is not there.
        """
        number, content = unpack(_KIND, wrapped)
        version = Version(tenant, number)
        try:
            asked = {"ciphertext": content.decode("ascii"), "context": self._context(version)}
        except UnicodeDecodeError:
            raise SealBroken("it was changed: this is no ciphertext of Vault") from None
        answer = await self._call("POST", self._path("decrypt", version), asked)
        return data_key(_decoded(_text(answer, "plaintext")), number)

    async def destroy(self, *, tenant: str, version: int, wrapped: bytes) -> datetime:
        """Delete this version's transit key.

        Raises:
            SealBroken: `wrapped` is of another version, or was wrapped by another provider.
        """
        if unpack(_KIND, wrapped)[0] != version:
            raise SealBroken(f"this is another version of the key of tenant {tenant} than {version}")
        path = self._path("keys", Version(tenant, version))
        with suppress(KeyDestroyed):  # before, or by somebody else just now: that is what is wanted
            await self._call("POST", f"{path}/config", {"deletion_allowed": True})
            await self._call("DELETE", path)
        return clock.now()

    async def check(self) -> None:
        """Ask Vault what this process may do.

        Raises:
            KeyProviderDenied: it may not decrypt.
        """
        path = f"{self._mount}/decrypt/{self._prefix}-check"
        answer = await self._call("POST", "/v1/sys/capabilities-self", {"paths": [path]})
        if not _ALLOWED.intersection(answer.get(path) or ()):
            raise KeyProviderDenied(f"Vault does not let this process use {path}. docs/keys.md has the policy for it.")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _path(self, action: str, version: Version) -> str:
        return f"/v1/{self._mount}/{action}/{self._prefix}-{version.tenant}-{version.number}"

    def _context(self, version: Version) -> str:
        return _encoded(f"{self._prefix}/{version.tenant}/{version.number}".encode())

    async def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return the answer's `data`. A refused token may just have ended: the second try has another one."""
        try:
            async with asyncio.timeout(self._limit):
                answer = await self._send(method, path, body)
                if answer.status_code == HTTPStatus.FORBIDDEN:
                    self._login.forget()
                    answer = await self._send(method, path, body)
                return _data(answer)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise KeyProviderGone(f"Vault did not answer within {self._limit:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise KeyProviderGone(
                f"Vault cannot be reached ({type(error).__name__}). See SLIPWAY_VAULT_URL."
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise KeyProviderGone("What answers for Vault does not speak as it does.") from error

    async def _send(self, method: str, path: str, body: object) -> httpx.Response:
        token = await self._login.token()
        return await self._http.request(method, path, json=body, headers={"X-Vault-Token": token})


def _data(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        return (answer.json().get("data") or {}) if answer.content else {}
    status = answer.status_code
    if status == HTTPStatus.FORBIDDEN:
        raise KeyProviderDenied("Vault refuses this process. docs/keys.md has the policy that it needs.")
    if status == HTTPStatus.NOT_FOUND:
        raise KeyProviderMisconfigured(
            "Vault has no transit engine there: see SLIPWAY_VAULT_MOUNT and SLIPWAY_VAULT_NAMESPACE."
        )
    if status == HTTPStatus.BAD_REQUEST:
        told = " ".join(answer.json()["errors"])
        if any(text in told for text in _ABSENT):
            raise KeyDestroyed("Vault has no key for this version of the tenant's key: destroyed, or never made.")
        if any(text in told for text in _DAMAGED):
            raise SealBroken("Vault says that it was changed, belongs elsewhere, or was wrapped with another key")
        raise KeyProviderMisconfigured(
            "Vault does not do that with this transit key, as where it is soft-deleted, or its "
            "min_decryption_version was raised. Vault's audit device has the reason."
        )
    raise KeyProviderGone(f"Vault cannot do it now ({status}): it is sealed, on standby, or in trouble.")


def _trust(settings: Settings) -> ssl.SSLContext:
    trusted = ssl.create_default_context()
    try:
        if settings.vault_ca_file:
            trusted.load_verify_locations(settings.vault_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise KeyProviderMisconfigured(
            f"SLIPWAY_VAULT_CA_FILE: {settings.vault_ca_file} holds no certificates that can be read."
        ) from error
    return trusted


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SealBroken("what Vault opened is no key") from None


def _text(data: dict[str, Any], name: str) -> str:
    found = data.get(name)
    if not isinstance(found, str):
        raise KeyProviderGone("What answers for Vault does not speak as it does.")
    return found
