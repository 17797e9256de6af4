import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from slipway.settings import Environment, Settings, reference, variable

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
SECRETS = {
    "SLIPWAY_DATABASE_APP_URL": "postgresql://a:secret-a@db/slipway",
    "SLIPWAY_DATABASE_SYSTEM_URL": "postgresql://s:secret-s@db/slipway",
    "SLIPWAY_REDIS_URL": "redis://:secret-r@redis/0",
}


def load():
    return Settings(_env_file=None)


@pytest.fixture
def production(monkeypatch):
    monkeypatch.setenv("SLIPWAY_ENVIRONMENT", "production")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def test_development_needs_no_setting():
    assert load().environment is Environment.DEVELOPMENT


def test_production_starts_with_its_secrets(production):
    assert load().redis_url.get_secret_value() == "redis://:secret-r@redis/0"


@pytest.mark.parametrize("missing", SECRETS)
def test_production_refuses_a_missing_secret_by_its_name(production, monkeypatch, missing):
    monkeypatch.delenv(missing)
    with pytest.raises(ValidationError, match=f"outside development these must be set: {missing} "):
        load()


@pytest.mark.parametrize("name", SECRETS)
def test_production_refuses_a_default_secret_also_when_it_is_set(production, monkeypatch, name):
    default = Settings.model_fields[name.removeprefix("SLIPWAY_").lower()].default.get_secret_value()
    monkeypatch.setenv(name, default)
    with pytest.raises(ValidationError, match=name):
        load()


def test_no_secret_shows_when_settings_are_printed(production):
    assert "secret-" not in repr(load())


def test_a_setting_may_be_a_file_and_the_environment_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("SLIPWAY_SECRETS_DIR", str(tmp_path))
    (tmp_path / "slipway_redis_url").write_text("redis://:from-a-file@redis/0\n")
    (tmp_path / "slipway_unleash_token").write_text("from-a-file")
    monkeypatch.setenv("SLIPWAY_UNLEASH_TOKEN", "from-the-environment")
    settings = load()
    assert settings.redis_url.get_secret_value() == "redis://:from-a-file@redis/0"
    assert settings.unleash_token is not None
    assert settings.unleash_token.get_secret_value() == "from-the-environment"


def test_production_takes_its_secrets_from_files(monkeypatch, tmp_path):
    monkeypatch.setenv("SLIPWAY_ENVIRONMENT", "production")
    monkeypatch.setenv("SLIPWAY_SECRETS_DIR", str(tmp_path))
    for name, value in SECRETS.items():
        (tmp_path / name.lower()).write_text(value)
    assert load().database_app_url.get_secret_value() == SECRETS["SLIPWAY_DATABASE_APP_URL"]


def test_a_folder_of_secrets_that_is_absent_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SLIPWAY_SECRETS_DIR", str(tmp_path / "absent"))
    with pytest.raises(ValueError, match=r"SLIPWAY_SECRETS_DIR=.*absent is not a folder"):
        load()


def test_settings_do_not_change_while_a_process_runs():
    with pytest.raises(ValidationError, match="frozen"):
        load().api_port = 1


@pytest.mark.parametrize(
    ("name", "value"), [("api_port", "0"), ("log_level", "LOUD"), ("key_cache_ttl", "6"), ("environment", "staging")]
)
def test_a_wrong_value_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(variable(name), value)
    with pytest.raises(ValidationError, match=name):
        load()


def test_the_page_of_settings_is_what_the_class_prints():
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-m", "slipway.settings"], capture_output=True, check=True, text=True
    )
    assert PAGE.read_text("utf-8") == printed.stdout, f"run: python -m slipway.settings > {PAGE}"


def test_every_setting_is_described_with_its_default_and_its_limits():
    page = reference()
    for name, field in Settings.model_fields.items():
        assert f"## `{variable(name)}`\n" in page
        assert field.description, name
    assert "default `0.5`, over 0, at most 60" in page
    assert "one of `development`, `production`" in page
