"""What is AWS KMS' own, beyond the contract of every provider. Against moto's server."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from slipway import clock
from slipway.keys.aws import AwsKeyProvider
from slipway.keys.envelope import new_data_key
from slipway.keys.provider import KeyProviderDenied, KeyProviderMisconfigured
from slipway.keys.providers import open_provider
from slipway.settings import KeyProviderKind, Settings

POLICIES = Path(__file__).parents[4] / "infra" / "keys"
SETTINGS = Settings(key_provider=KeyProviderKind.AWS_KMS)


@pytest.fixture
def provider(aws_place, closing):
    return closing(aws_place.open())


@pytest.fixture
def console(aws_place):
    """AWS KMS as its administrator sees it."""
    client = boto3.Session().client("kms", endpoint_url=aws_place.kms.url, region_name="eu-central-1")
    yield client
    client.close()


def keys_of(console, tenant):
    listed = [page["Keys"] for page in console.get_paginator("list_keys").paginate()]
    found = [console.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for page in listed for key in page]
    return [key for key in found if tenant in key["Description"]]


async def test_each_version_has_a_key_of_its_own_with_alias_and_tag(provider, console, tenant):
    for version in (1, 2):
        await provider.wrap(new_data_key(version), tenant=tenant)
    made = [console.describe_key(KeyId=f"alias/slipway/{tenant}/{version}")["KeyMetadata"] for version in (1, 2)]
    assert len({key["KeyId"] for key in made}) == 2
    for key in made:
        assert (key["KeySpec"], key["KeyUsage"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
        tags = console.list_resource_tags(KeyId=key["KeyId"])["Tags"]
        assert tags == [{"TagKey": "slipway", "TagValue": "slipway"}]


async def test_the_encryption_context_binds_prefix_tenant_and_version(provider, console, tenant):
    """So KMS refuses by itself, and its audit trail has the context of each call."""
    key = new_data_key()
    wrapped = await provider.wrap(key, tenant=tenant)
    asked = {"KeyId": f"alias/slipway/{tenant}/1", "CiphertextBlob": wrapped[5:]}
    context = {"slipway": "slipway", "tenant": tenant, "version": "1"}
    assert key.secret in console.decrypt(**asked, EncryptionContext=context)["Plaintext"]
    for wrong in ({}, context | {"version": "2"}, context | {"tenant": "another"}, context | {"slipway": "other"}):
        with pytest.raises(console.exceptions.InvalidCiphertextException):
            console.decrypt(**asked, EncryptionContext=wrong)


async def test_of_two_processes_that_make_the_key_at_once_one_key_stays(aws_place, closing, console, tenant):
    racing = [closing(aws_place.open()) for _ in range(4)]
    keys = [new_data_key() for _ in racing]
    wrapped = await asyncio.gather(
        *(provider.wrap(key, tenant=tenant) for provider, key in zip(racing, keys, strict=True))
    )
    assert [await racing[0].unwrap(each, tenant=tenant) for each in wrapped] == keys
    states = [key["KeyState"] for key in keys_of(console, tenant)]
    assert states.count("Enabled") == 1
    assert set(states) <= {"Enabled", "PendingDeletion"}


async def test_a_key_that_kms_does_not_know_everywhere_yet_is_waited_for(provider, aws_place, console, tenant):
    key, aws_place.kms.absences = new_data_key(), 3
    assert await provider.unwrap(await provider.wrap(key, tenant=tenant), tenant=tenant) == key
    assert aws_place.kms.absences == 0
    assert len(keys_of(console, tenant)) == 1


@pytest.mark.parametrize("days", [7, 30])
async def test_a_destroyed_version_is_dead_once_the_waiting_period_is_over(aws_place, closing, console, tenant, days):
    settings = SETTINGS.model_copy(update={"kms_deletion_days": days})
    provider = closing(AwsKeyProvider.open(settings))
    wrapped = await provider.wrap(new_data_key(), tenant=tenant)
    dead = await provider.destroy(tenant=tenant, version=1, wrapped=wrapped)
    assert abs(dead - clock.now() - timedelta(days=days)) < timedelta(minutes=5)
    assert dead.utcoffset() == timedelta(0)
    (key,) = keys_of(console, tenant)
    assert (key["KeyState"], key["DeletionDate"]) == ("PendingDeletion", dead)
    assert await provider.destroy(tenant=tenant, version=1, wrapped=wrapped) == dead


async def test_a_key_that_is_gone_already_is_dead_by_now(provider, console, tenant):
    wrapped = await provider.wrap(new_data_key(), tenant=tenant)
    console.delete_alias(AliasName=f"alias/slipway/{tenant}/1")  # as AWS does when it deletes the key
    dead = await provider.destroy(tenant=tenant, version=1, wrapped=wrapped)
    assert abs(dead - clock.now()) < timedelta(minutes=5)


async def test_no_credentials_are_told_as_such(aws_place, closing, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    provider = closing(aws_place.open())
    with pytest.raises(KeyProviderDenied, match="no credentials"):
        await provider.check()


def test_without_a_region_it_is_told_what_to_set(aws_place, monkeypatch):
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(KeyProviderMisconfigured, match="set AWS_REGION"):
        open_provider(SETTINGS)


def test_without_the_library_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr("slipway.keys.providers.find_spec", lambda _: None)
    with pytest.raises(KeyProviderMisconfigured, match=r"slipway\[aws\]"):
        open_provider(SETTINGS)


def allowed(policy):
    actions = [statement["Action"] for statement in json.loads((POLICIES / policy).read_text("utf-8"))["Statement"]]
    return {one for action in actions for one in ([action] if isinstance(action, str) else action)}


async def test_the_policies_allow_what_is_called_and_no_more(aws_place, closing, tenant):
    """The API may do what opening takes; `kms:TagResource` is what KMS asks for when a key is made with a tag."""
    called = set()
    provider = closing(aws_place.open())
    provider._client.meta.events.register("before-call.kms", lambda model, **_: called.add(f"kms:{model.name}"))
    wrapped = await provider.wrap(new_data_key(), tenant=tenant)
    called.clear()
    await provider.unwrap(wrapped, tenant=tenant)
    await provider.check()
    assert called == allowed("aws-open.json")
    await provider.destroy(tenant=tenant, version=1, wrapped=await provider.wrap(new_data_key(), tenant=tenant))
    await provider.wrap(new_data_key(2), tenant=tenant)
    assert called | {"kms:TagResource"} == allowed("aws-manage.json")


async def test_a_process_with_the_policy_of_the_api_opens_keys_and_makes_none(aws_place, closing, tenant):
    """moto looks at actions, neither at resources nor at conditions: those on tags and contexts are AWS' to prove."""
    manage, key = closing(aws_place.open()), new_data_key()
    wrapped = await manage.wrap(key, tenant=tenant)
    policy = json.loads((POLICIES / "aws-open.json").read_text("utf-8"))
    for statement in policy["Statement"]:
        statement["Resource"] = "*"
    with aws_place.allowing(json.dumps(policy)) as opened:
        provider = closing(opened)
        assert await provider.unwrap(wrapped, tenant=tenant) == key
        await provider.check()
        with pytest.raises(KeyProviderDenied):
            await provider.wrap(new_data_key(2), tenant=tenant)
        with pytest.raises(KeyProviderDenied):
            await provider.destroy(tenant=tenant, version=1, wrapped=wrapped)
    assert await manage.unwrap(wrapped, tenant=tenant) == key
