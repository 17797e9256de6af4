import asyncio
import time
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from slipway.errors import Unavailable
from slipway.keys.envelope import Aad, SealBroken, new_data_key, seal
from slipway.keys.local import LocalKeyProvider
from slipway.keys.provider import KeyDestroyed, KeyProviderDenied, KeyProviderGone
from slipway.keys.service import Keyring


class Provider:
    """The local provider, until it is told to be away."""

    def __init__(self, settings) -> None:
        self._local = LocalKeyProvider.load(settings)
        self.id = self._local.id
        self.hangs = False
        self.error: Exception | None = None

    async def wrap(self, key, *, tenant):
        return await self._local.wrap(key, tenant=tenant)

    async def unwrap(self, wrapped, *, tenant):
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        return await self._local.unwrap(wrapped, tenant=tenant)

    async def destroy(self, *, tenant, version, wrapped):
        return await self._local.destroy(tenant=tenant, version=version, wrapped=wrapped)

    async def check(self):
        await self._local.check()

    async def close(self):
        await self._local.close()


@pytest.fixture
def provider(small_settings):
    return Provider(small_settings)


@pytest.fixture
def keyring(platform, provider):
    quick = platform.settings.model_copy(update={"key_provider_timeout": 0.2, "tenant_key_ttl": 0.01})
    return Keyring(platform.database, provider, quick)


@pytest.mark.parametrize(
    "error",
    [
        KeyProviderGone("away"),
        KeyProviderDenied("no"),
        KeyDestroyed("gone"),
        SealBroken("nonsense"),
        ValueError("nonsense"),
    ],
)
async def test_a_provider_that_fails_is_not_the_caller_s_fault(keyring, provider, principal, error):
    provider.error = error
    with pytest.raises(Unavailable) as found:
        await keyring.keyset(principal.tenant_id)
    assert "Retry-After" in found.value.headers

    provider.error = None
    assert (await keyring.keyset(principal.tenant_id)).tenant == str(principal.tenant_id)


async def test_a_provider_that_hangs_is_not_waited_for(keyring, provider, principal):
    provider.hangs = True
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await keyring.keyset(principal.tenant_id)
    assert time.monotonic() - began < 5

    provider.hangs = False
    assert await keyring.keyset(principal.tenant_id)


async def test_a_tenant_that_does_not_exist_is_another_matter(keyring):
    with pytest.raises(LookupError, match="slipway tenants create"):
        await keyring.keyset(uuid4())


async def test_a_version_that_was_moved_to_the_row_of_another_does_not_open(platform, keyring, principal, rows):
    provider, tenant = platform.key_provider, principal.tenant_id
    added = await provider.wrap(new_data_key(2), tenant=str(tenant))
    insertion = "INSERT INTO tenant_keys (tenant_id, version, provider, wrapped) VALUES (%s, 2, %s, %s)"
    await rows(insertion, tenant, provider.id, added)
    keyring.forget(tenant)
    assert (await keyring.keyset(tenant)).current.version == 2

    moved = "(SELECT wrapped FROM tenant_keys WHERE tenant_id = %s AND version = 1)"
    await rows(f"UPDATE tenant_keys SET wrapped = {moved} WHERE tenant_id = %s AND version = 2", tenant, tenant)
    keyring.forget(tenant)
    with pytest.raises(Unavailable):
        await keyring.keyset(tenant)


@pytest.fixture
async def rotated(platform, keyring, principal):
    """The tenant's keys: the second version wraps the index key, and the first was replaced and still opens."""
    await platform.rotation.rotate(principal.tenant_id, "test")
    keyring.forget(principal.tenant_id)
    keyset = await keyring.keyset(principal.tenant_id)
    assert sorted(keyset.versions) == [1, 2]
    keyring.forget(principal.tenant_id)
    return keyset


async def test_an_old_version_that_is_damaged_costs_what_it_wraps_and_nothing_else(keyring, principal, rotated, rows):
    place = Aad(rotated.tenant, "jobs", "detail", "1")
    old, new = (seal(rotated.versions[version], b"text", place) for version in (1, 2))
    await rows("UPDATE tenant_keys SET wrapped = substr(wrapped, 1, 40) WHERE version = 1")

    with capture_logs() as logged:
        keyset = await keyring.keyset(principal.tenant_id)
    assert [line["event"] for line in logged] == ["keys.version_broken"]
    assert (keyset.current, keyset.hash("jane")) == (rotated.current, rotated.hash("jane"))
    assert keyset.opener(new) == rotated.current
    with pytest.raises(SealBroken, match="version 1 of the tenant's key, which was destroyed or is damaged"):
        keyset.opener(old)


@pytest.mark.parametrize("broken", [1, 2])
async def test_a_damaged_version_that_everything_needs_gives_no_keys_at_all(
    platform, keyring, principal, rows, monkeypatch, broken
):
    """The newest, and one that was replaced and still wraps the index key: a rotation was killed in its middle."""

    async def killed(*_):
        raise ConnectionError("killed")

    monkeypatch.setattr(platform.rotation._rewrapping, "rewrap", killed)
    with pytest.raises(ConnectionError):
        await platform.rotation.rotate(principal.tenant_id, "test")
    assert sorted((await keyring.keyset(principal.tenant_id)).versions) == [1, 2]
    keyring.forget(principal.tenant_id)
    await rows("UPDATE tenant_keys SET wrapped = substr(wrapped, 1, 40) WHERE version = %s", broken)
    with pytest.raises(Unavailable, match="cannot be opened"):
        await keyring.keyset(principal.tenant_id)
