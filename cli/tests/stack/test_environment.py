import stat

import pytest

from slipway_cli.errors import LocalError
from slipway_cli.stack.environment import EnvironmentFile, local_settings, service_environment
from slipway_cli.stack.folder import VarFolder


def test_what_a_person_added_stays(tmp_path):
    file = EnvironmentFile(tmp_path / "local.env")
    file.update({"SLIPWAY_API_PORT": "8000", "SLIPWAY_REDIS_URL": "redis://one"})
    with file.path.open("a") as opened:
        opened.write("# mine\nSLIPWAY_LOG_LEVEL=DEBUG\n")
    file.update({"SLIPWAY_API_PORT": "8001"}, without=["SLIPWAY_REDIS_URL"])
    assert file.read() == {"SLIPWAY_API_PORT": "8001", "SLIPWAY_LOG_LEVEL": "DEBUG"}
    assert "# mine\n" in file.path.read_text()


def test_only_its_owner_may_read_it(tmp_path):
    file = EnvironmentFile(tmp_path / "local.env")
    file.update({"SLIPWAY_API_PORT": "8000"})
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("value", ["plain", "a b", "it's", 'say "x"', "back\\slash", "$HOME ${HOME}", "#no comment"])
def test_any_value_comes_back_as_it_was(tmp_path, value):
    file = EnvironmentFile(tmp_path / "local.env")
    file.update({"SLIPWAY_MODELS_DIR": value})
    assert file.read() == {"SLIPWAY_MODELS_DIR": value}


def test_real_environment_variables_win(tmp_path, monkeypatch):
    EnvironmentFile(tmp_path / "local.env").update({"SLIPWAY_API_PORT": "8001", "SLIPWAY_LOG_LEVEL": "DEBUG"})
    monkeypatch.setenv("SLIPWAY_API_PORT", "8002")
    settings = local_settings(tmp_path)
    assert (settings.api_port, settings.log_level) == (8002, "DEBUG")
    assert service_environment(VarFolder(tmp_path))["SLIPWAY_API_PORT"] == "8002"


def test_services_get_neither_the_owners_password_nor_our_own_notes(tmp_path, monkeypatch):
    EnvironmentFile(tmp_path / "local.env").update(
        {"SLIPWAY_DATABASE_OWNER_URL": "o", "SLIPWAY_DATABASE_APP_URL": "a", "SLIPWAY_LOCAL_REDIS_PORT": "1"}
    )
    monkeypatch.setenv("SLIPWAY_DATABASE_OWNER_URL", "o")
    given = {name for name in service_environment(VarFolder(tmp_path)) if name.startswith("SLIPWAY_")}
    assert given == {"SLIPWAY_DATABASE_APP_URL"}


def test_a_setting_that_is_not_valid_is_named_without_its_value(tmp_path):
    EnvironmentFile(tmp_path / "local.env").update({"SLIPWAY_API_PORT": "hunter2"})
    with pytest.raises(LocalError, match="api_port") as caught:
        local_settings(tmp_path)
    assert "hunter2" not in str(caught.value)
