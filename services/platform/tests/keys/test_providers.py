"""What every key provider promises, told to each of them: the local one, AWS KMS, and Vault transit."""

from datetime import timedelta
from uuid import uuid4

import pytest

from slipway import clock
from slipway.keys.envelope import DataKey, SealBroken, new_data_key
from slipway.keys.provider import KeyDestroyed, KeyProviderMisconfigured

REFUSED = (SealBroken, KeyDestroyed, KeyProviderMisconfigured)
"""Whether a tenant has no key there, or another one, or nobody has: its caller gets nothing."""


@pytest.fixture
def provider(opened):
    return opened()


async def test_a_wrapped_key_opens_again_in_another_process(opened, provider, tenant):
    key = new_data_key(version=7)
    wrapped = await provider.wrap(key, tenant=tenant)
    again = opened()
    assert await again.unwrap(wrapped, tenant=tenant) == key
    assert again.id == provider.id
    assert key.secret not in wrapped


async def test_the_same_version_may_be_wrapped_twice_as_by_two_processes_at_once(opened, provider, tenant):
    keys = [new_data_key(), new_data_key()]
    wrapped = [await one.wrap(key, tenant=tenant) for one, key in zip((provider, opened()), keys, strict=True)]
    assert [await provider.unwrap(each, tenant=tenant) for each in wrapped] == keys


async def test_versions_stand_side_by_side(provider, tenant):
    keys = [new_data_key(version) for version in (1, 2, 3)]
    wrapped = [await provider.wrap(key, tenant=tenant) for key in keys]
    assert [await provider.unwrap(each, tenant=tenant) for each in wrapped] == keys


@pytest.mark.parametrize("has_a_key", [True, False])
async def test_a_key_is_no_other_tenant_s(provider, tenant, has_a_key):
    wrapped = await provider.wrap(new_data_key(), tenant=tenant)
    stranger = str(uuid4())
    if has_a_key:
        await provider.wrap(new_data_key(), tenant=stranger)
    with pytest.raises(REFUSED):
        await provider.unwrap(wrapped, tenant=stranger)


async def test_a_version_does_not_pass_for_another(provider, tenant):
    """The version stands in the open before the wrapped key: whoever changes it there gains nothing."""
    first = await provider.wrap(new_data_key(version=1), tenant=tenant)
    await provider.wrap(new_data_key(version=2), tenant=tenant)
    with pytest.raises(SealBroken):
        await provider.unwrap(first[:1] + (2).to_bytes(4, "big") + first[5:], tenant=tenant)


async def test_what_was_changed_does_not_open(provider, tenant):
    wrapped = await provider.wrap(new_data_key(), tenant=tenant)
    changed = [wrapped[:-1], wrapped[:-9] + bytes(byte ^ 1 for byte in wrapped[-9:]), wrapped[:8], b"", b"\x02"]
    for each in changed:
        with pytest.raises(SealBroken):
            await provider.unwrap(each, tenant=tenant)


async def test_what_another_kind_of_provider_wrapped_is_told_apart(provider, tenant):
    wrapped = await provider.wrap(new_data_key(), tenant=tenant)
    with pytest.raises(SealBroken, match="SLIPWAY_KEY_PROVIDER"):
        await provider.unwrap(b"\x7f" + wrapped[1:], tenant=tenant)


async def test_another_installation_opens_nothing(opened, provider, tenant):
    wrapped = await provider.wrap(new_data_key(), tenant=tenant)
    other = opened(elsewhere=True)
    assert other.id != provider.id
    with pytest.raises(REFUSED):
        await other.unwrap(wrapped, tenant=tenant)
    await other.wrap(new_data_key(), tenant=tenant)
    with pytest.raises(REFUSED):
        await other.unwrap(wrapped, tenant=tenant)


async def test_a_destroyed_version_opens_no_more_and_the_others_do(opened, provider, tenant):
    old, new = DataKey(1, bytes(32)), new_data_key(version=2)
    wrapped = {key.version: await provider.wrap(key, tenant=tenant) for key in (old, new)}
    neighbour = str(uuid4())
    theirs = await provider.wrap(old, tenant=neighbour)

    before = clock.now()
    dead = await provider.destroy(tenant=tenant, version=1, wrapped=wrapped[1])
    assert before - timedelta(seconds=1) <= dead <= clock.now() + timedelta(days=31)

    for process in (provider, opened()):
        with pytest.raises(KeyDestroyed):
            await process.unwrap(wrapped[1], tenant=tenant)
        assert await process.unwrap(wrapped[2], tenant=tenant) == new
        assert await process.unwrap(theirs, tenant=neighbour) == old


async def test_a_destruction_that_was_cut_off_is_done_again(opened, provider, tenant):
    wrapped = await provider.wrap(new_data_key(), tenant=tenant)
    first = await provider.destroy(tenant=tenant, version=1, wrapped=wrapped)
    again = await opened().destroy(tenant=tenant, version=1, wrapped=wrapped)
    assert abs(again - first) < timedelta(minutes=5)
    with pytest.raises(KeyDestroyed):
        await provider.unwrap(wrapped, tenant=tenant)


async def test_a_wrapped_key_of_another_version_destroys_nothing(provider, tenant):
    """Whoever may write the database cannot turn a destruction on another version."""
    first, second = [await provider.wrap(new_data_key(version), tenant=tenant) for version in (1, 2)]
    with pytest.raises(SealBroken):
        await provider.destroy(tenant=tenant, version=1, wrapped=second)
    for wrapped in (first, second):
        assert await provider.unwrap(wrapped, tenant=tenant)


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a.b", "x" * 65, "ä"])
async def test_a_tenant_s_id_is_no_path(provider, name):
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        await provider.wrap(new_data_key(), tenant=name)


async def test_a_provider_that_is_well_says_so(provider):
    await provider.check()
