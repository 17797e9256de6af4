from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.logstore.days import day_of, expired


@given(st.dates())
def test_a_day_is_read_back_from_its_name(day: date) -> None:
    assert day_of(f"slipway-logs-{day.year:04}.{day.month:02}.{day.day:02}") == day


@pytest.mark.parametrize(
    "name",
    [
        "slipway-logs",
        "slipway-logs-",
        "slipway-logs-*",
        "slipway-logs-today",
        "slipway-logs-2026.01.01-restored",
        "restored-slipway-logs-2026.01.01",
        "slipway-logs-2026.01.01\n",
        "slipway-logs-2026.1.1",
        "slipway-logs-2026-01-01",
        "slipway-logs-2026.02.31",
        "slipway-logs-0000.01.01",
        "slipway-logs-\N{ARABIC-INDIC DIGIT TWO}026.01.01",
        "Slipway-Logs-2026.01.01",
        ".ds-slipway-logs-2026.01.01-000001",
        "slipway-logs-2026.01.01,important",
    ],
)
def test_what_only_looks_alike_is_no_day_of_ours(name: str) -> None:
    assert day_of(name) is None
    assert expired([name], date(2099, 1, 1), 1) == []


@given(st.lists(st.text(max_size=40)), st.dates(), st.integers(1, 3650))
def test_nothing_else_is_ever_chosen(names: list[str], today: date, days: int) -> None:
    chosen = expired(names, today, days)
    assert all(today - (day_of(name) or today) > timedelta(days) for name in chosen)


def test_a_day_goes_when_its_last_line_is_old_enough() -> None:
    names = [f"slipway-logs-2026.11.{day:02}" for day in (22, 19, 18, 20, 21, 23)]
    assert expired(names, date(2026, 11, 22), 3) == ["slipway-logs-2026.11.18"]
    assert expired(names, date(2026, 11, 24), 3) == [f"slipway-logs-2026.11.{day}" for day in (18, 19, 20)]
