import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from slipway.clock import use_clock
from slipway.logstore.retention import Expired, Retention
from slipway.logstore.template import index_template
from slipway.settings import Settings

OLD = {"slipway-logs-2026.11.17", "slipway-logs-2026.11.18"}
KEPT = {
    "slipway-logs-2026.11.19",
    "slipway-logs-2026.11.22",
    "slipway-logs-2026.01.01-restored",
    "slipway-logs-today",
    "slipway-logs-2026.02.31",
    "orders-2026.01.01",
}


@pytest.fixture(autouse=True)
def _a_day() -> Iterator[None]:
    with use_clock(lambda: datetime(2026, 11, 22, 23, 59, tzinfo=UTC)):
        yield


@pytest.fixture
def filled(store):
    store.indices = OLD | KEPT
    return store


def counted(metrics, outcome: str) -> float:
    return metrics.registry.get_sample_value("slipway_log_indices_deleted_total", {"outcome": outcome})


async def test_old_days_go_and_everything_else_stays(filled, retention, metrics):
    assert await retention.run() == Expired(deleted=2)
    assert filled.indices == KEPT
    assert (counted(metrics, "deleted"), counted(metrics, "failed")) == (2, 0)
    assert await retention.run() == Expired()


async def test_a_day_that_another_worker_deleted_meanwhile_is_no_failure(filled, retention, metrics):
    filled.fails = {"DELETE /slipway-logs-2026.11.17": 404}
    assert await retention.run() == Expired(deleted=2)
    assert counted(metrics, "failed") == 0


async def test_the_template_is_kept_up_to_date(store, retention):
    await retention.run()
    assert store.template == json.loads(json.dumps(index_template(0)))


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "denied"), (403, "denied"), (429, "failed"), (500, "failed"), (503, "failed")]
)
async def test_a_store_that_refuses_is_counted_and_loses_nothing(filled, retention, metrics, status, reason):
    filled.fails = {"GET": status}
    with capture_logs() as lines:
        assert await retention.run() == Expired(failed=1)
    assert filled.indices == OLD | KEPT
    assert counted(metrics, "failed") == 1
    assert [line["reason"] for line in lines if line["event"] == "log_store.failed"] == [reason]


async def test_one_day_that_cannot_be_deleted_does_not_keep_the_others(filled, retention, metrics):
    filled.fails = {"DELETE /slipway-logs-2026.11.17": 503}
    assert await retention.run() == Expired(deleted=1, failed=1)
    assert filled.indices == KEPT | {"slipway-logs-2026.11.17"}
    filled.fails = {}
    assert await retention.run() == Expired(deleted=1)
    assert filled.indices == KEPT


async def test_a_template_that_may_not_be_put_does_not_keep_old_days(filled, retention):
    filled.fails = {"PUT": 403}
    assert await retention.run() == Expired(deleted=2, failed=1)


async def test_garbage_deletes_nothing(filled, retention, metrics):
    filled.garbage = True
    assert await retention.run() == Expired(failed=1)
    assert filled.indices == OLD | KEPT


async def test_a_silent_store_is_given_up(filled, store_settings, metrics):
    filled.silent.set()
    hurried = store_settings.model_copy(update={"log_store_timeout": 0.3})
    assert await Retention(hurried, metrics).run() == Expired(failed=1)
    assert filled.indices == OLD | KEPT


async def test_a_wrong_password_is_denied(filled, store_settings, metrics):
    wrong = store_settings.model_copy(update={"log_store_password": SecretStr("wrong")})
    assert await Retention(wrong, metrics).run() == Expired(failed=1)
    assert filled.calls == []


async def test_an_absent_store_is_a_failure_that_is_tried_again(store_settings, metrics):
    nowhere = store_settings.model_copy(update={"log_store_url": "http://127.0.0.1:1"})
    assert await Retention(nowhere, metrics).run() == Expired(failed=1)


async def test_without_a_store_there_is_nothing_to_do(store, metrics):
    assert await Retention(Settings(_env_file=None), metrics).run() == Expired()
    assert counted(metrics, "failed") == 0
