from datetime import UTC, datetime, timedelta

from slipway.clock import now, use_clock


def test_now_is_the_current_time_in_utc() -> None:
    before = datetime.now(UTC)
    assert before <= now() <= datetime.now(UTC)
    assert now().utcoffset() == timedelta(0)


def test_another_clock_holds_inside_its_block_only() -> None:
    moment = datetime(2001, 2, 3, tzinfo=UTC)
    with use_clock(lambda: moment):
        assert now() == moment
    assert now() > moment
