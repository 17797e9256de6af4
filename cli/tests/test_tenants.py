"""`slipway tenants`, with a key provider over a network."""

import pytest
from tests.providers.places import VaultPlace
from tests.providers.transit import transit_server

from slipway_cli.errors import LocalError
from slipway_cli.tenants import create_tenant


@pytest.fixture(scope="module")
def settings(new_settings, tmp_path_factory):
    with new_settings(tmp_path_factory.mktemp("tenants")) as made:
        yield made


@pytest.fixture
def transit():
    with transit_server() as server:
        yield server


@pytest.fixture
def with_vault(settings, transit, tmp_path):
    """The same installation, its keys in Vault."""
    vault = VaultPlace(transit, tmp_path).settings()
    return settings.model_copy(
        update={name: getattr(vault, name) for name in ("key_provider", "vault_url", "vault_token_file")}
    )


async def test_a_tenant_s_key_is_wrapped_by_the_provider_of_the_settings(with_vault, transit, tmp_path):
    tenant = await create_tenant(with_vault, f"vault-{tmp_path.name}")
    assert list(transit.keys) == [f"slipway-{tenant}-1"]


async def test_a_name_that_is_taken_leaves_no_key_behind(with_vault, transit, tmp_path):
    await create_tenant(with_vault, f"taken-{tmp_path.name}")
    before = set(transit.keys)
    with pytest.raises(LocalError, match="There is a tenant named"):
        await create_tenant(with_vault, f"taken-{tmp_path.name}")
    assert set(transit.keys) == before


async def test_a_provider_that_cannot_is_told_in_words(with_vault, transit):
    transit.sealed = True
    with pytest.raises(LocalError, match=r"Vault cannot do it now.*slipway doctor"):
        await create_tenant(with_vault, "nobody")


async def test_a_provider_that_is_set_up_wrongly_is_told_in_words(with_vault, tmp_path):
    wrong = with_vault.model_copy(update={"vault_ca_file": tmp_path / "absent.pem"})
    with pytest.raises(LocalError, match="SLIPWAY_VAULT_CA_FILE"):
        await create_tenant(wrong, "nobody")


async def test_without_a_key_it_is_told_who_makes_one(settings, tmp_path):
    with pytest.raises(LocalError, match="`slipway up` makes the keys"):
        await create_tenant(settings.model_copy(update={"master_key_file": tmp_path / "none"}), "nobody")
