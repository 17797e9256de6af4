"""How a process shows Vault who it is: a token in a file, or its Kubernetes service account."""

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import httpx

from slipway.keys.provider import KeyProviderDenied, KeyProviderGone
from slipway.settings import Settings

_RENEW_AT = 2 / 3
"""Of a token's life; after that it is asked for anew, while the old one still works."""
_REFUSED_SECONDS = 60.0
"""How long after a refusal another one is no reason to log in again: a policy that is wrong would make a token, which
lives for weeks, and a review by Kubernetes, of each call."""


class VaultLogin(Protocol):
    """Gets tokens of Vault."""

    async def token(self) -> str:
        """Return a token. Raises KeyProviderDenied, KeyProviderGone, or what httpx raises."""
        ...

    def forget(self) -> None:
        """Take note that Vault refused the token."""
        ...


class TokenFile:
    """The token is in a file, which Vault's agent or an operator writes anew before the token ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self) -> str:
        """Read the file, which is small and local."""
        return _read(self._path, "SLIPWAY_VAULT_TOKEN_FILE")

    def forget(self) -> None:
        """Nothing is remembered."""


class KubernetesLogin:
    """The service account's token is changed for one of Vault, which is kept for two thirds of its life."""

    def __init__(
        self, http: httpx.AsyncClient, settings: Settings, role: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Log in as `role` through `http`; `clock` counts seconds and never goes back."""
        self._http, self._role, self._clock = http, role, clock
        self._path = f"/v1/auth/{settings.vault_auth_mount}/login"
        self._file = settings.vault_jwt_file
        self._token = ""
        self._until = 0.0
        self._refused = -_REFUSED_SECONDS

    async def token(self) -> str:
        """Return the token in hand, or log in."""
        if self._clock() >= self._until:
            began = self._clock()
            self._token, seconds = await self._log_in()
            self._until = began + seconds * _RENEW_AT
        return self._token

    def forget(self) -> None:
        """Log in at the next use, unless that was done just now and did not help."""
        if self._clock() - self._refused >= _REFUSED_SECONDS:
            self._refused, self._until = self._clock(), 0.0

    async def _log_in(self) -> tuple[str, float]:
        shown = {"role": self._role, "jwt": _read(self._file, "SLIPWAY_VAULT_JWT_FILE")}
        answer = await self._http.post(self._path, json=shown)
        if answer.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
            raise KeyProviderDenied(f"Vault refuses the role {self._role} ({answer.status_code} of {self._path}).")
        if not answer.is_success:
            raise KeyProviderGone(f"Vault cannot log in the role {self._role} now ({answer.status_code}).")
        given = answer.json()["auth"]
        return str(given["client_token"]), float(given["lease_duration"])


def _read(path: Path, setting: str) -> str:
    try:
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _no_token(path, setting) from error
    if not token:
        raise _no_token(path, setting)
    return token


def _no_token(path: Path, setting: str) -> KeyProviderDenied:
    return KeyProviderDenied(f"There is no token for Vault that can be read in {path}: see {setting}.")
