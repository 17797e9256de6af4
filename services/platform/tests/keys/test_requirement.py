import pytest
from pydantic import SecretStr

from slipway.keys.requirement import require_keys
from slipway.settings import Environment, KeyProviderKind


@pytest.fixture
def settings(local_place):
    local_place.open()  # makes the keys
    return local_place.settings()


def production(settings, **changes):
    urls = dict.fromkeys(("database_app_url", "database_system_url", "redis_url"), SecretStr("redis://elsewhere"))
    return settings.model_copy(update={"environment": Environment.PRODUCTION, **urls, **changes})


def test_in_development_files_are_enough(settings):
    require_keys(settings)


def test_outside_development_keys_in_files_are_refused_with_what_to_set(settings):
    with pytest.raises(SystemExit, match=r"development only.*SLIPWAY_KEY_PROVIDER=aws-kms or vault-transit"):
        require_keys(production(settings))


@pytest.mark.parametrize("kind", [KeyProviderKind.AWS_KMS, KeyProviderKind.VAULT_TRANSIT])
def test_outside_development_a_key_management_service_is_enough(settings, kind):
    """Whether it answers is not asked: a process may start while it is away, and serves what needs no key."""
    settings.master_key_file.unlink()
    require_keys(production(settings, key_provider=kind))


def test_a_missing_library_is_told_before_anything_starts(settings, monkeypatch):
    monkeypatch.setattr("slipway.keys.providers.find_spec", lambda _: None)
    with pytest.raises(SystemExit, match=r"pip install 'slipway\[aws\]'"):
        require_keys(production(settings, key_provider=KeyProviderKind.AWS_KMS))


@pytest.mark.parametrize("file", ["master_key_file", "audit_key_file"])
def test_a_missing_file_is_told(settings, file):
    getattr(settings, file).unlink()
    with pytest.raises(SystemExit, match="There is no key file"):
        require_keys(settings)
