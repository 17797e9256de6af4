"""Webhooks while their delivery is switched off."""

import asyncio
from dataclasses import replace

from slipway.flags import Flag, Flags
from slipway.webhooks.dispatcher import Dispatcher
from slipway.webhooks.schemas import DeliveryState


async def test_switched_off_they_wait_and_none_is_lost(desk, receiver, unleash, quick_flags):
    unleash.switch_off(Flag.WEBHOOK_DELIVERY)
    webhook = await desk.register(receiver.url)
    await desk.test(webhook.id, 3)
    settings = desk.platform.settings.model_copy(update={"unleash_url": unleash.url})
    with Flags(settings, desk.platform.metrics) as flags:
        await asyncio.to_thread(flags.settle, 20)
        async with Dispatcher(replace(desk.platform, flags=flags)) as dispatcher:
            await dispatcher.dispatch()
            assert not receiver.requests
            assert [delivery.state for delivery in await desk.log(webhook.id)] == [DeliveryState.PENDING] * 3
            assert await desk.attempts() == [0] * 3

            unleash.say()
            async with asyncio.timeout(20):
                while not flags.is_enabled(Flag.WEBHOOK_DELIVERY):
                    await asyncio.sleep(0.01)
            await dispatcher.dispatch()
    assert len({request.id for request in receiver.requests}) == len(receiver.requests) == 3
