"""What is Vault's own, beyond the contract of every provider. Against the stand-in; the contract runs on a real one."""

import ssl
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError
from tests.providers.transit import ROLE, ROOT, SERVICE_ACCOUNT

from slipway.keys.envelope import new_data_key
from slipway.keys.provider import KeyProviderDenied, KeyProviderGone, KeyProviderMisconfigured
from slipway.keys.providers import open_provider
from slipway.keys.vault_login import KubernetesLogin
from slipway.settings import Environment, KeyProviderKind, Settings


@pytest.fixture
def place(vault_stand_in_place):
    return vault_stand_in_place


@pytest.fixture
def by_role(place, tmp_path):
    """Settings of a pod that logs in with its service account."""
    (tmp_path / "jwt").write_text(f"{SERVICE_ACCOUNT}\n", "ascii")
    return place.settings(vault_token_file=None, vault_role=ROLE, vault_jwt_file=tmp_path / "jwt")


async def test_each_version_has_a_derived_key_of_its_own(place, closing, transit, tenant):
    provider = closing(place.open())
    for version in (1, 2):
        await provider.wrap(new_data_key(version), tenant=tenant)
    assert set(transit.keys) == {f"slipway-{tenant}-1", f"slipway-{tenant}-2"}
    assert all(key.derived for key in transit.keys.values())


async def test_a_destroyed_version_is_deleted_at_once(place, closing, transit, tenant):
    provider = closing(place.open())
    wrapped = {version: await provider.wrap(new_data_key(version), tenant=tenant) for version in (1, 2)}
    await provider.destroy(tenant=tenant, version=1, wrapped=wrapped[1])
    assert set(transit.keys) == {f"slipway-{tenant}-2"}


async def test_the_token_is_read_anew_so_that_an_agent_may_renew_it(place, closing, transit, tenant):
    provider = closing(place.open())
    await provider.check()
    transit.tokens = {"renewed"}
    with pytest.raises(KeyProviderDenied):
        await provider.wrap(new_data_key(), tenant=tenant)
    place.token_file.write_text("renewed", "ascii")
    assert await provider.wrap(new_data_key(), tenant=tenant)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_text("\n", "ascii")])
async def test_a_missing_token_is_told(place, closing, spoil):
    """Also where somebody empties the file before they write it."""
    provider = closing(place.open())
    spoil(place.token_file)
    with pytest.raises(KeyProviderDenied, match="SLIPWAY_VAULT_TOKEN_FILE"):
        await provider.check()


async def test_a_pod_logs_in_once_with_its_service_account(by_role, closing, transit, tenant):
    transit.tokens.discard(ROOT)
    provider, key = closing(open_provider(by_role)), new_data_key()
    assert await provider.unwrap(await provider.wrap(key, tenant=tenant), tenant=tenant) == key
    assert transit.logins == 1


@pytest.mark.parametrize("lease", [0, 3600])
async def test_a_pod_whose_token_has_ended_logs_in_again(by_role, closing, transit, tenant, lease):
    """Known beforehand by its lease, or told by a refusal."""
    transit.lease = lease
    provider, key = closing(open_provider(by_role)), new_data_key()
    wrapped = await provider.wrap(key, tenant=tenant)
    before = transit.logins
    transit.tokens.clear()
    assert await provider.unwrap(wrapped, tenant=tenant) == key
    assert transit.logins == before + 1


async def test_a_pod_that_is_refused_again_and_again_does_not_log_in_each_time(by_role, closing, transit, tenant):
    """Each login is a token that Vault keeps for weeks, and a question to Kubernetes."""
    provider = closing(open_provider(by_role))
    transit.denying = True
    for _ in range(5):
        with pytest.raises(KeyProviderDenied):
            await provider.wrap(new_data_key(), tenant=tenant)
    assert transit.logins == 2


async def test_a_refusal_is_a_reason_to_log_in_again_once_a_minute(by_role, transit):
    seconds = [1000.0]
    async with httpx.AsyncClient(base_url=transit.url, trust_env=False) as http:
        login = KubernetesLogin(http, by_role, ROLE, clock=lambda: seconds[0])
        tokens = []
        for later in (0, 1, 58, 1, 1):
            seconds[0] += later
            tokens.append(await login.token())
            login.forget()
    assert tokens == ["login-1", "login-2", "login-2", "login-2", "login-3"]


async def test_a_role_that_vault_does_not_know_is_told(by_role, closing):
    provider = closing(open_provider(by_role.model_copy(update={"vault_role": "stranger"})))
    with pytest.raises(KeyProviderDenied, match="role stranger"):
        await provider.check()


async def test_a_pod_without_its_token_is_told(by_role, closing):
    by_role.vault_jwt_file.unlink()
    provider = closing(open_provider(by_role))
    with pytest.raises(KeyProviderDenied, match="SLIPWAY_VAULT_JWT_FILE"):
        await provider.check()


async def test_a_sealed_vault_is_gone_for_a_while(place, closing, transit, tenant):
    provider, key = closing(place.open()), new_data_key()
    wrapped = await provider.wrap(key, tenant=tenant)
    transit.sealed = True
    with pytest.raises(KeyProviderGone, match="503"):
        await provider.unwrap(wrapped, tenant=tenant)
    transit.sealed = False
    assert await provider.unwrap(wrapped, tenant=tenant) == key


async def test_what_an_operator_can_take_back_is_no_damage(place, closing, transit, tenant):
    """A damaged version is given up, with what it wraps; this one is waited for."""
    provider, key = closing(place.open()), new_data_key()
    wrapped = await provider.wrap(key, tenant=tenant)
    transit.too_old = True
    with pytest.raises(KeyProviderMisconfigured, match="min_decryption_version"):
        await provider.unwrap(wrapped, tenant=tenant)
    transit.too_old = False
    assert await provider.unwrap(wrapped, tenant=tenant) == key


async def test_a_missing_engine_is_no_destroyed_key(place, closing, tenant):
    """Vault's 404 says that nothing is mounted there. Taken for a destruction, it would date dead backups wrongly."""
    wrapped = await closing(place.open()).wrap(new_data_key(), tenant=tenant)
    provider = closing(open_provider(place.settings(vault_mount="elsewhere")))
    with pytest.raises(KeyProviderMisconfigured, match="SLIPWAY_VAULT_MOUNT"):
        await provider.unwrap(wrapped, tenant=tenant)
    with pytest.raises(KeyProviderMisconfigured, match="SLIPWAY_VAULT_MOUNT"):
        await provider.destroy(tenant=tenant, version=1, wrapped=wrapped)


def test_a_file_of_authorities_that_is_none_is_told(place, tmp_path):
    (tmp_path / "ca.pem").write_text("nothing", "ascii")
    for name in ("ca.pem", "absent.pem"):
        with pytest.raises(KeyProviderMisconfigured, match=f"SLIPWAY_VAULT_CA_FILE.*{name}"):
            open_provider(place.settings(vault_ca_file=tmp_path / name))


async def test_a_server_is_not_trusted_by_another_authority(place, closing):
    """Our stand-in speaks no TLS: the handshake fails, and nothing was sent before."""
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED
    provider = closing(open_provider(place.settings(vault_url=place.server.url.replace("http://", "https://"))))
    with pytest.raises(KeyProviderGone):
        await provider.check()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"vault_url": None}, "SLIPWAY_VAULT_URL must be set"),
        ({"vault_token_file": None}, "either SLIPWAY_VAULT_TOKEN_FILE or SLIPWAY_VAULT_ROLE"),
        ({"vault_role": "slipway"}, "either SLIPWAY_VAULT_TOKEN_FILE or SLIPWAY_VAULT_ROLE"),
        ({"environment": Environment.PRODUCTION}, "must begin with https://"),
    ],
)
def test_settings_that_lead_nowhere_are_refused(place, wrong, told):
    urls = dict.fromkeys(("database_app_url", "database_system_url", "redis_url"), "redis://elsewhere")
    with pytest.raises(ValidationError, match=told):
        place.settings(**urls, **wrong)


@pytest.mark.parametrize("prefix", ["", "Slipway", "9lives", "a/b", "a_b", "x" * 33])
def test_a_prefix_that_would_reach_elsewhere_is_refused(prefix):
    with pytest.raises(ValidationError, match="lower-case letters"):
        Settings.model_validate({"key_provider": KeyProviderKind.LOCAL, "key_provider_prefix": prefix})
