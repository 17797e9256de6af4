"""The key provider of AWS: a KMS key for each version of a tenant's key, found by its alias.

The alias is `alias/{prefix}/{tenant}/{version}`. The tag `slipway` holds the prefix, as does the encryption context,
beside tenant and version: KMS itself refuses what belongs elsewhere, and its audit trail tells whose key was opened.
Destroying a version schedules its KMS key for deletion. From then on KMS refuses to use it; it is gone for ever after
the waiting period, in which an administrator may still cancel (7 to 30 days, a rule of KMS).

boto3 waits in threads, a few of them, and each attempt is over within half of `key_provider_timeout`.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from slipway import clock
from slipway.keys.envelope import DataKey, SealBroken
from slipway.keys.provider import (
    KeyDestroyed,
    KeyProviderDenied,
    KeyProviderError,
    KeyProviderGone,
    KeyProviderMisconfigured,
    Version,
    data_key,
    pack,
    plain,
    unpack,
)
from slipway.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.type_defs import TagTypeDef

AnswerT = TypeVar("AnswerT")

_KIND = 3
_THREADS = 8
_ATTEMPTS = 2
_PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds between looks for a key that was just made: KMS tells all its servers within seconds."""
_ELSEWHERE = {"InvalidCiphertextException", "IncorrectKeyException"}
_DENIED = {
    "AccessDeniedException",
    "DisabledException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "NotAuthorizedException",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
"""What the API's reference lists as errors of the caller's credentials, permissions, or of a key switched off."""
_DENYING = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
"""So denies what stands before KMS, whose answers have no code that KMS knows."""


class AwsKeyProvider:
    """Wraps tenant keys with keys of AWS KMS."""

    def __init__(self, client: "KMSClient", settings: Settings) -> None:
        """Use `open`; this is for those who have a client already."""
        self._client = client
        self._prefix = settings.key_provider_prefix
        self._days = settings.kms_deletion_days
        self._limit = settings.key_provider_timeout
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="kms")
        self.id = f"aws-kms:{client.meta.region_name}:{self._prefix}"

    @classmethod
    def open(cls, settings: Settings) -> "AwsKeyProvider":
        """Make a client with the region and the credentials that AWS' libraries find. Nothing is sent yet.

        Raises:
            KeyProviderMisconfigured: there is no region.
        """
        patience = settings.key_provider_timeout / _ATTEMPTS
        config = Config(
            connect_timeout=patience,
            read_timeout=patience,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=_THREADS,
        )
        try:
            session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
            return cls(session.client("kms", config=config), settings)
        except NoRegionError:
            raise KeyProviderMisconfigured("AWS KMS needs a region: set AWS_REGION.") from None

    async def wrap(self, key: DataKey, *, tenant: str) -> bytes:
        """Wrap a version of a tenant's key with a KMS key of its own, which is made for it if it is absent.

        Raises:
            KeyDestroyed: this version's KMS key waits for its deletion.
        """
        version = Version(tenant, key.version)
        try:
            blob = await self._encrypt(key, version)
        except _AbsentError:
            await self._create(version)
            blob = await self._encrypt_at_last(key, version)
        return pack(_KIND, key.version, blob)

    async def unwrap(self, wrapped: bytes, *, tenant: str) -> DataKey:
        """Open a tenant's wrapped key.

        Raises:
            SealBroken: it was changed, is another tenant's, or was wrapped by another key.
            KeyDestroyed: its KMS key is not there, or waits for its deletion.
        """
        number, blob = unpack(_KIND, wrapped)
        version = Version(tenant, number)
        alias, context = self._alias(version), self._context(version)
        content = await self._call(
            lambda: self._client.decrypt(KeyId=alias, CiphertextBlob=blob, EncryptionContext=context)["Plaintext"]
        )
        return data_key(content, number)

    async def destroy(self, *, tenant: str, version: int, wrapped: bytes) -> datetime:
        """Schedule the deletion of this version's KMS key, and return when it is due.

        Raises:
            SealBroken: `wrapped` is of another version, or was wrapped by another provider.
        """
        if unpack(_KIND, wrapped)[0] != version:
            raise SealBroken(f"this is another version of the key of tenant {tenant} than {version}")
        alias = self._alias(Version(tenant, version))
        try:
            found = await self._call(lambda: self._client.describe_key(KeyId=alias)["KeyMetadata"])
        except _AbsentError:
            return clock.now()
        due = found["DeletionDate"] if found["KeyState"] == "PendingDeletion" else await self._schedule(found["KeyId"])
        return due.astimezone(UTC)

    async def check(self) -> None:
        """Ask KMS for random bytes, which needs its answer, credentials, and the permission `kms:GenerateRandom`."""
        await self._call(lambda: self._client.generate_random(NumberOfBytes=1)["Plaintext"])

    async def close(self) -> None:
        """End the threads without waiting for a call that hangs, and close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _alias(self, version: Version) -> str:
        return f"alias/{self._prefix}/{version.tenant}/{version.number}"

    def _context(self, version: Version) -> dict[str, str]:
        return {"slipway": self._prefix, "tenant": version.tenant, "version": str(version.number)}

    async def _encrypt(self, key: DataKey, version: Version) -> bytes:
        alias, context = self._alias(version), self._context(version)
        return await self._call(
            lambda: self._client.encrypt(KeyId=alias, Plaintext=plain(key), EncryptionContext=context)["CiphertextBlob"]
        )

    async def _encrypt_at_last(self, key: DataKey, version: Version) -> bytes:
        for pause in _PAUSES:
            try:
                return await self._encrypt(key, version)
            except _AbsentError:
                await asyncio.sleep(pause)
        return await self._encrypt(key, version)

    async def _create(self, version: Version) -> None:
        """Make a KMS key with its alias. Of two who do so at once, the second drops the key that it made."""
        told = f"Slipway: version {version.number} of the key of tenant {version.tenant}"
        tag: TagTypeDef = {"TagKey": "slipway", "TagValue": self._prefix}
        made = await self._call(
            lambda: self._client.create_key(
                Description=told,
                KeySpec="SYMMETRIC_DEFAULT",
                KeyUsage="ENCRYPT_DECRYPT",
                Origin="AWS_KMS",
                Tags=[tag],
            )["KeyMetadata"]["KeyId"]
        )
        try:
            await self._call(lambda: self._client.create_alias(AliasName=self._alias(version), TargetKeyId=made))
        except _TakenError:
            await self._schedule(made)

    async def _schedule(self, key_id: str) -> datetime:
        return await self._call(
            lambda: self._client.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=self._days)["DeletionDate"]
        )

    async def _call(self, call: Callable[[], AnswerT]) -> AnswerT:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limit):
                return await loop.run_in_executor(self._threads, call)
        except TimeoutError as error:
            raise KeyProviderGone(f"AWS KMS did not answer within {self._limit:g} s.") from error
        except ClientError as error:
            raise _refusal(error) from error
        except (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError) as error:
            raise KeyProviderDenied("AWS' libraries find no credentials for KMS.") from error
        except (KeyError, ResponseParserError) as error:
            raise KeyProviderGone("What answers for AWS KMS does not speak as it does.") from error
        except BotoCoreError as error:
            raise KeyProviderGone(f"AWS KMS cannot be reached ({type(error).__name__}).") from error


class _AbsentError(KeyDestroyed):
    """There is no key of this alias."""


class _TakenError(KeyProviderError):
    """There is a key of this alias already."""


def _refusal(error: ClientError) -> KeyProviderError | SealBroken:
    code = error.response["Error"]["Code"]
    if code in _ELSEWHERE:
        return SealBroken("AWS KMS says that it was changed, belongs elsewhere, or was wrapped with another key")
    if code == "NotFoundException":
        return _AbsentError("AWS KMS has no key for this version of the tenant's key: it was destroyed, or never made.")
    if code == "AlreadyExistsException":
        return _TakenError("there is a key of this alias already")
    if code == "KMSInvalidStateException" and "pending deletion" in str(error).lower():
        return KeyDestroyed("The key of this version of the tenant's key waits for its deletion at AWS KMS.")
    if code in _DENIED or error.response["ResponseMetadata"]["HTTPStatusCode"] in _DENYING:
        return KeyProviderDenied(f"AWS KMS refuses this process ({code}). docs/keys.md has the policy that it needs.")
    return KeyProviderGone(f"AWS KMS cannot do it now ({code}).")
