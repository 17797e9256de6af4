"""Old events go; what can still be delivered stays, but not for ever."""

from datetime import UTC, datetime, timedelta

from slipway.clock import use_clock
from slipway.retention.service import Retention


async def expire(desk, days: float) -> None:
    """Run the retention as it would run in so many days."""
    with use_clock(lambda: datetime.now(UTC) + timedelta(days=days)):
        await Retention(desk.platform.database, desk.platform.settings).run()


async def counts(rows) -> tuple[int, ...]:
    tables = ("webhook_events", "webhook_deliveries", "webhook_attempts")
    return tuple([(await rows(f"SELECT count(*) FROM {table}"))[0][0] for table in tables])


async def test_old_events_go_with_their_deliveries_and_log(desk, receiver, rows):
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 3)
    await desk.dispatch()
    await expire(desk, 29.9)
    assert await counts(rows) == (3, 3, 3)
    await expire(desk, 31)
    assert await counts(rows) == (0, 0, 0)


async def test_what_still_waits_stays_half_a_day_longer(desk, receiver, rows):
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 3)
    await expire(desk, 30.4)
    assert await counts(rows) == (3, 3, 0)
    await expire(desk, 30.6)
    assert await counts(rows) == (0, 0, 0)


async def test_what_waits_at_an_endpoint_that_is_off_does_not_stay(desk, receiver, rows):
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 3)
    await desk.change(webhook.id, enabled=False)
    await expire(desk, 30.1)
    assert await counts(rows) == (0, 0, 0)


async def test_an_event_of_a_deleted_endpoint_goes_in_time(desk, receiver, rows):
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id)
    async with desk.opened() as webhooks:
        await webhooks.delete(webhook.id)
    assert await counts(rows) == (1, 0, 0)
    await expire(desk, 31)
    assert await counts(rows) == (0, 0, 0)
