"""Where each key provider is, how it is opened, and how it fails."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto.core.authorization import enable_iam_authentication
from tests.providers.kms import Kms
from tests.providers.transit import NOBODY, ROOT, Transit
from tests.providers.vault import Vault, vault_authority

from slipway.keys.local import create_keys
from slipway.keys.provider import KeyProvider
from slipway.keys.providers import open_provider
from slipway.settings import KeyProviderKind, Settings

_CREDENTIALS = ("AKIAIOSFODNN7EXAMPLE", "a-secret")


class Place(ABC):
    """Where a provider is."""

    @abstractmethod
    def open(self, *, elsewhere: bool = False) -> KeyProvider:
        """Open the provider as a process does that starts, or that of another installation."""


class Remote(Place):
    """A provider that is asked over a network."""

    port: int | None
    """Where a proxy can stand before it; None: it is on another machine, or speaks TLS."""

    @abstractmethod
    def open(self, *, elsewhere: bool = False, port: int | None = None, timeout: float = 5.0) -> KeyProvider:
        """Open it, perhaps through a proxy at another port; a call may take `timeout` seconds."""

    @abstractmethod
    def denying(self) -> AbstractContextManager[KeyProvider]:
        """Open it as a process that has no rights there."""


class LocalPlace(Place):
    """Files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def settings(self, *, elsewhere: bool = False) -> Settings:
        folder = self._folder / ("elsewhere" if elsewhere else "keys")
        return Settings(master_key_file=folder / "master.key", audit_key_file=folder / "audit.pem")

    def open(self, *, elsewhere: bool = False) -> KeyProvider:
        settings = self.settings(elsewhere=elsewhere)
        create_keys(settings)
        return open_provider(settings)


class AwsPlace(Remote):
    """moto's server."""

    def __init__(self, kms: Kms, patch: pytest.MonkeyPatch, nowhere: Path) -> None:
        self.kms, self.port = kms, kms.port
        self._patch = patch
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, str(nowhere))
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_REGION", "eu-central-1")
        patch.setenv("AWS_ENDPOINT_URL_KMS", kms.url)
        self._show(*_CREDENTIALS)

    def open(self, *, elsewhere: bool = False, port: int | None = None, timeout: float = 5.0) -> KeyProvider:
        self._patch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{port or self.port}")
        prefix = "elsewhere" if elsewhere else "slipway"
        return open_provider(
            Settings(key_provider=KeyProviderKind.AWS_KMS, key_provider_prefix=prefix, key_provider_timeout=timeout)
        )

    def denying(self) -> AbstractContextManager[KeyProvider]:
        return self.allowing(None)

    @contextmanager
    def allowing(self, policy: str | None) -> Iterator[KeyProvider]:
        """Open it as a user with this policy and no other, or with none."""
        iam, name = boto3.Session().client("iam", endpoint_url=self.kms.url, region_name="us-east-1"), f"user-{uuid4()}"
        iam.create_user(UserName=name)
        if policy is not None:
            iam.put_user_policy(UserName=name, PolicyName="keys", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.close()
        self._show(key["AccessKeyId"], key["SecretAccessKey"])
        try:
            with enable_iam_authentication():
                yield self.open()
        finally:
            self._show(*_CREDENTIALS)

    def _show(self, key: str, secret: str) -> None:
        self._patch.setenv("AWS_ACCESS_KEY_ID", key)
        self._patch.setenv("AWS_SECRET_ACCESS_KEY", secret)


class VaultPlace(Remote):
    """A Vault, or what stands in for it."""

    def __init__(self, server: Transit | Vault, folder: Path) -> None:
        self.server, self.port = server, server.port
        self._folder = folder
        token, nobody = (server.token, server.nobody) if isinstance(server, Vault) else (ROOT, NOBODY)
        self.token_file, self._nobody = folder / "token", folder / "nobody"
        self.token_file.write_text(f"{token}\n", "ascii")
        self._nobody.write_text(nobody, "ascii")

    def settings(self, **changes: Any) -> Settings:
        real = isinstance(self.server, Vault)
        mount = {"vault_mount": self.server.mount, "vault_ca_file": vault_authority()} if real else {}
        given = {
            "key_provider": KeyProviderKind.VAULT_TRANSIT,
            "vault_url": self.server.url,
            "vault_token_file": self.token_file,
            **mount,
        }
        return Settings(**(given | changes))

    def open(self, *, elsewhere: bool = False, port: int | None = None, timeout: float = 5.0) -> KeyProvider:
        changes: dict[str, Any] = {"key_provider_timeout": timeout}
        if elsewhere:
            changes["key_provider_prefix"] = "elsewhere"
        if port:
            changes["vault_url"] = f"http://127.0.0.1:{port}"
        return open_provider(self.settings(**changes))

    @contextmanager
    def denying(self) -> Iterator[KeyProvider]:
        yield open_provider(self.settings(vault_token_file=self._nobody))
