import hashlib
import json

import pytest

from slipway.tenants.repository import list_keys, list_tenants
from slipway.tenants.schemas import KeyOrder, Scope
from slipway.tenants.service import issue_key, revoke_key
from slipway.tenants.token import Token


async def issue(platform, principal, *scopes):
    async with platform.database.transaction(principal.tenant_id) as connection:
        return await issue_key(connection, principal.tenant_id, KeyOrder("ci", frozenset(scopes)), "admin")


async def test_only_a_hash_of_a_key_is_stored(platform, principal, rows):
    issued = await issue(platform, principal, Scope.PREDICT, Scope.JOBS_READ)

    secret = issued.token.get_secret_value().rpartition("_")[2]
    ((content,),) = await rows("SELECT to_jsonb(k) FROM api_keys k")
    assert content["hash"] == "\\x" + hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in json.dumps(content)
    assert (content["id"], content["name"], content["scopes"]) == (issued.id, "ci", ["jobs:read", "predict"])
    assert secret not in repr(issued)


async def test_a_key_without_a_scope_is_a_mistake(platform, principal):
    with pytest.raises(ValueError, match="at least one scope of: predict, jobs:read, jobs:write"):
        await issue(platform, principal)


async def test_issuing_and_revoking_are_audited_with_who_did_it(platform, principal, rows):
    issued = await issue(platform, principal, Scope.PREDICT)
    async with platform.database.transaction(principal.tenant_id) as connection:
        assert await revoke_key(connection, principal.tenant_id, issued.id, "admin")

    found = await rows("SELECT actor, action, resource, detail FROM audit_log WHERE resource LIKE 'key/%%' ORDER BY id")
    assert found == [
        ("admin", "key.issued", f"key/{issued.id}", {"scopes": ["predict"]}),
        ("admin", "key.revoked", f"key/{issued.id}", {}),
    ]


async def test_a_key_of_another_tenant_cannot_be_seen_or_revoked(platform, principal, stranger):
    issued = await issue(platform, principal, Scope.PREDICT)

    async with platform.database.transaction(stranger.tenant_id) as connection:
        assert not await revoke_key(connection, stranger.tenant_id, issued.id, "thief")
        assert list(await list_keys(connection)) == []
    async with platform.database.transaction(principal.tenant_id) as connection:
        (key,) = await list_keys(connection)
        assert key.revoked_at is None


async def test_the_system_sees_who_there_is(platform, principal, stranger):
    async with platform.database.system_transaction() as connection:
        assert set((await list_tenants(connection)).values()) == {principal.tenant_id, stranger.tenant_id}


def test_a_token_is_compared_in_constant_time(monkeypatch):
    token, compared = Token("0" * 16, "1" * 64), []
    monkeypatch.setattr("hmac.compare_digest", lambda one, other: compared.append((one, other)) or one == other)

    assert token.matches(hashlib.sha256(b"1" * 64).digest())
    assert not token.matches(hashlib.sha256(b"2" * 64).digest())
    assert len(compared) == 2
    assert token.secret not in repr(token)
