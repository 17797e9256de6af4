"""What killed workers were sending is taken back, and what waits is measured."""

import asyncio

from slipway.webhooks.dispatcher import Dispatcher
from slipway.webhooks.schemas import DeliveryState


async def test_the_backlog_and_the_endpoints_are_measured(desk, new_receiver, says, metric, rows):
    failing, off, fine = await new_receiver(says(500)), await new_receiver(), await new_receiver()
    broken = await desk.register(failing.url)
    await desk.test(broken.id, 7)
    await desk.dispatch()
    disabled = await desk.register(off.url)
    await desk.test(disabled.id, 2)
    await desk.change(disabled.id, enabled=False)
    healthy = await desk.register(fine.url)
    await desk.test(healthy.id, 3)
    await rows(
        "UPDATE webhook_deliveries SET available_at = now() - interval '90 s' WHERE endpoint_id = %s", healthy.id
    )
    await desk.sweep()

    assert metric("slipway_webhook_pending_deliveries") == 7 + 3
    assert 89 < metric("slipway_webhook_overdue_seconds") < 120
    for state in ("enabled", "broken", "disabled"):
        assert metric("slipway_webhook_endpoints", state=state) == 1
    await desk.dispatch()
    await desk.sweep()
    assert metric("slipway_webhook_overdue_seconds") == 0


async def test_two_sweeps_take_a_delivery_back_once(desk, receiver, rows):
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 5)
    dispatcher = Dispatcher(desk.platform)
    claims = await dispatcher._claim()
    assert len(claims) == desk.platform.settings.webhook_endpoint_concurrency
    await desk.sweep()
    assert len(await dispatcher._claim()) == 0, "their leases run"
    await desk.leases_end()

    await asyncio.gather(desk.sweep(), desk.sweep())

    assert await rows("SELECT outcome, reason, count(*)::int FROM webhook_attempts GROUP BY 1, 2") == [
        ("interrupted", "worker_lost", len(claims))
    ]
    assert {delivery.state for delivery in await desk.log(webhook.id)} == {DeliveryState.PENDING}
    assert await desk.attempts() == [0] * 5
