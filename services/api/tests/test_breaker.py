import time

import pytest

from slipway_api.breaker import Breaker

SECONDS = 0.2


@pytest.fixture
def breaker():
    return Breaker(SECONDS)


def test_it_is_closed_until_something_fails(breaker):
    assert [breaker.may_try() for _ in range(3)] == [True] * 3


def test_after_a_failure_one_caller_tries_from_time_to_time(breaker):
    breaker.trip()
    assert not breaker.may_try()
    for _ in range(2):
        time.sleep(SECONDS * 1.1)
        assert [breaker.may_try() for _ in range(3)] == [True, False, False]


def test_a_success_lets_everybody_try(breaker):
    breaker.trip()
    time.sleep(SECONDS * 1.1)
    assert breaker.may_try()
    breaker.close()
    assert [breaker.may_try() for _ in range(3)] == [True] * 3
