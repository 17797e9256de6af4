from hypothesis import given
from hypothesis import strategies as st

from slipway.webhooks.schedule import DELAYS, LONGEST_DELAY, MAX_ATTEMPTS, next_delay

DAY = 86_400


def test_the_first_repeat_comes_within_seconds_and_the_last_after_three_days():
    assert next_delay(1, None) < 6
    assert 3 * DAY < sum(next_delay(attempt, None) for attempt in range(1, MAX_ATTEMPTS)) < 3.6 * DAY
    assert next_delay(MAX_ATTEMPTS, None) is None
    assert next_delay(MAX_ATTEMPTS, 5.0) is None


def test_delays_grow_and_vary():
    assert list(DELAYS) == sorted(DELAYS)
    assert len({next_delay(3, None) for _ in range(20)}) > 10


@given(attempts=st.integers(0, MAX_ATTEMPTS - 1), asked=st.none() | st.floats(allow_nan=False))
def test_a_receiver_may_ask_for_more_time_up_to_a_day_and_not_for_less(attempts, asked):
    delay, planned = next_delay(attempts, asked), DELAYS[max(attempts, 1) - 1]
    assert 0.9 * planned <= delay <= max(1.1 * planned, LONGEST_DELAY)
    if asked is not None and asked > 1.1 * planned:
        assert delay == min(asked, LONGEST_DELAY) or delay >= 0.9 * LONGEST_DELAY
