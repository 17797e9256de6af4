import pytest

from slipway.inventory.declaration import DataClass
from slipway.inventory.redis_keys import REDIS_KEYS, redis_key


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("LIMITS:rate/0123456789abcdef/29387465", "LIMITS:rate/..."),
        ("slipway.triage", "slipway.<workload>"),
        ("slipway.triage\x06\x163", "slipway.<workload>"),
        ("unacked_mutex", "unacked..."),
        ("_kombu.binding.slipway.triage", "_kombu.binding..."),
    ],
)
def test_a_key_falls_under_its_declaration(name, declared):
    found = redis_key(name)
    assert found is not None
    assert found.name == declared


@pytest.mark.parametrize("name", ["session:anna@example.org", "celery-task-meta-1", "LIMITS:other/1", "unacked2"])
def test_another_key_is_undeclared(name):
    assert redis_key(name) is None


def test_nothing_in_redis_is_about_a_person():
    assert {key.held.data_class for key in REDIS_KEYS} == {DataClass.NONE}
