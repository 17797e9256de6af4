import pytest
from pydantic import SecretStr

from slipway.inventory.declaration import DataClass, UndeclaredError
from slipway.inventory.secrets import PATHS_TO_SECRETS, PLAIN_SETTINGS, SECRET_SETTINGS, held_setting
from slipway.settings import Settings


def test_every_setting_is_in_one_list():
    lists = [*SECRET_SETTINGS, *PATHS_TO_SECRETS, *PLAIN_SETTINGS]
    assert sorted(lists) == sorted(Settings.model_fields)


def test_a_setting_is_masked_where_it_is_a_secret_and_only_there():
    masked = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert masked == SECRET_SETTINGS.keys()
    assert isinstance(Settings().redis_url, SecretStr)


@pytest.mark.parametrize(
    ("name", "data_class"),
    [("redis_url", DataClass.SECRET), ("master_key_file", DataClass.NONE), ("api_port", DataClass.NONE)],
)
def test_what_a_setting_holds(name, data_class):
    assert held_setting(name).data_class is data_class


def test_a_setting_that_nobody_has_declared_is_named():
    with pytest.raises(UndeclaredError, match=r"The setting new_token .* name it in slipway\.inventory\.secrets"):
        held_setting("new_token")
