"""Periods are declared once, and the page tells the same."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from slipway.database.tables import ALL_TABLES
from slipway.inventory.tables import retention_of
from slipway.retention import policies
from slipway.retention.policies import Policy
from slipway.retention.stores import STORES
from slipway.settings import Settings, variable
from slipway.telemetry import catalogue
from slipway.webhooks.schedule import DELAYS

PAGE = (Path(__file__).parents[4] / "docs" / "retention.md").read_text("utf-8")
POLICIES = [store.policy for store in STORES]
TABLES = {table.name: table for table in ALL_TABLES}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.store)
def test_a_policy_is_about_what_there_is(policy):
    assert set(policy.takes_along) <= TABLES.keys()
    assert timedelta(hours=1) <= policy.limit(Settings(_env_file=None)) <= timedelta(days=366)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.store)
def test_the_page_tells_each_period(policy):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{policy.store}` |"))
    days = round(policy.limit(Settings(_env_file=None)) / timedelta(days=1))
    assert re.search(rf"\| {days} days?\b", row)
    assert f"| {'-' if policy.kept.setting is None else f'`{variable(policy.kept.setting)}`'} |" in row


def test_the_page_and_the_metrics_name_all_stores():
    named = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert named == [policy.store for policy in POLICIES]
    assert list(catalogue.RETENTION_OVERDUE.labels[0].values) == named


def test_the_limit_is_the_settings():
    settings = Settings(_env_file=None, job_retention_days=7, idempotency_seconds=3600)
    limits = {policy.store: policy.limit(settings) for policy in POLICIES}
    assert limits["jobs"] == timedelta(days=7)
    assert limits["idempotency_keys"] == timedelta(hours=1)


def test_every_table_that_declares_an_age_is_deleted_from_by_it_and_no_other():
    aged = {table.name for table in ALL_TABLES if retention_of(table).period(Settings(_env_file=None)) is not None}
    assert {policy.table for policy in POLICIES} == aged
    along = {table.name for table in ALL_TABLES if retention_of(table).follows}
    assert along <= {table for policy in POLICIES for table in policy.takes_along}


def test_a_table_without_an_age_has_no_limit():
    with pytest.raises(ValueError, match="the rows of tenants end with an event"):
        Policy("tenants", "tenants").limit(Settings(_env_file=None))


def test_a_webhook_is_kept_for_as_long_as_it_is_tried():
    with pytest.raises(ValidationError):
        Settings(_env_file=None, webhook_retention_seconds=259_199)
    shortest = Settings(_env_file=None, webhook_retention_seconds=259_200)
    assert policies.WEBHOOK_EVENTS.limit(shortest) + timedelta(hours=12) > timedelta(seconds=1.1 * sum(DELAYS))


def test_runs_are_so_frequent_that_one_may_fail_before_anybody_is_told():
    with pytest.raises(ValidationError):
        Settings(_env_file=None, retention_every_seconds=3 * 3600 + 1)
