"""Listening to PostgreSQL."""

import asyncio
import os
import signal

import pytest

from slipway.database.listener import APPLICATION, listening
from slipway.errors import Unavailable
from slipway_cli.servers.ports import free_port

CHANNEL = "test: a channel"


@pytest.fixture
async def backend(rows):
    """A function that returns the process id of the listening session."""

    async def find() -> int:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
        ((pid,),) = await rows(query, APPLICATION)
        return pid

    return find


async def test_it_hears_what_is_announced_also_while_it_did_not_hear(settings, rows):
    heard = []
    async with listening(settings, CHANNEL) as listener:
        for text in ("one", "two"):
            await rows("SELECT pg_notify(%s, %s), pg_notify('another', 'no')", CHANNEL, text)
            await listener.hear(0.2, heard.append)
    assert heard == ["one", "two"]


async def test_it_holds_no_transaction_open(settings, rows):
    query = (
        "SELECT state, backend_xmin FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
    )
    async with listening(settings, CHANNEL) as listener, asyncio.TaskGroup() as hearing:
        hearing.create_task(listener.hear(0.5, lambda _: None))
        assert await rows(query, APPLICATION) == [("idle", None)]


async def hear(settings, seconds, disturb) -> None:
    """Listen, let something happen, and go on listening."""
    async with listening(settings, CHANNEL) as listener, asyncio.timeout(20):
        await disturb()
        await listener.hear(seconds, lambda _: None)


async def test_a_session_that_ends_is_noticed(settings, rows, backend):
    async def end():
        await rows("SELECT pg_terminate_backend(%s)", await backend())

    with pytest.raises(Unavailable):
        await hear(settings, 20, end)


async def test_a_session_that_hangs_is_noticed(settings, backend):
    stopped = []

    async def stop():
        stopped.append(await backend())
        os.kill(stopped[0], signal.SIGSTOP)

    try:
        with pytest.raises(Unavailable):
            await hear(settings.model_copy(update={"database_timeout": 0.3}), 0.1, stop)
    finally:
        os.kill(stopped[0], signal.SIGCONT)


async def test_no_server_is_an_outage(settings):
    nowhere = settings.model_copy(
        update={"database_app_url": type(settings.database_app_url)(f"postgresql://a:b@127.0.0.1:{free_port()}/c")}
    )
    with pytest.raises(Unavailable):
        async with listening(nowhere, CHANNEL):
            pass


async def test_the_password_is_in_no_message(settings):
    wrong = settings.database_app_url.get_secret_value().replace(":app@", ":secret%40word@")
    settings = settings.model_copy(update={"database_app_url": type(settings.database_app_url)(wrong)})
    with pytest.raises(Unavailable) as caught:
        async with listening(settings, CHANNEL):
            pass
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"
