import asyncio

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from slipway.database import Database
from slipway.errors import Unavailable


async def test_a_block_commits_at_its_end_and_rolls_back_when_it_fails(database, two_tenants, rows):
    mine = two_tenants[0]
    async with database.transaction(mine) as connection:
        await connection.execute(text("UPDATE jobs SET priority = 1"))

    async def change_ones_mind():
        async with database.transaction(mine) as connection:
            await connection.execute(text("UPDATE jobs SET priority = 2"))
            raise RuntimeError("not after all")

    with pytest.raises(RuntimeError, match="not after all"):
        await change_ones_mind()
    assert await rows("SELECT priority FROM jobs WHERE tenant_id = %s", mine) == [(1,)]


async def test_an_absent_server_is_unavailable(settings):
    nowhere = SecretStr("postgresql://slipway_app:app@127.0.0.1:9/slipway")
    database = Database(settings.model_copy(update={"database_app_url": nowhere, "database_system_url": nowhere}))
    with pytest.raises(Unavailable) as found:
        async with database.system_transaction():
            raise AssertionError("there is no server")
    assert found.value.headers["Retry-After"] == "2"
    await database.close()


async def test_a_pool_without_a_free_connection_is_unavailable_after_the_time_limit(settings, two_tenants):
    database = Database(settings.model_copy(update={"database_pool_size": 1, "database_timeout": 0.2}))
    async with database.transaction(two_tenants[0]):
        assert database.checked_out("app") == 1
        with pytest.raises(Unavailable, match="busy"):
            async with database.transaction(two_tenants[1]):
                raise AssertionError("the only connection is taken")
    assert database.checked_out("app") == 0
    await database.close()


async def test_a_statement_that_takes_too_long_is_unavailable(settings):
    database = Database(settings.model_copy(update={"database_timeout": 0.2}))
    with pytest.raises(Unavailable):
        async with database.system_transaction() as connection:
            await connection.execute(text("SELECT pg_sleep(5)"))
    await database.close()


async def test_a_connection_that_the_server_has_cut_is_replaced_unnoticed(database, two_tenants, rows):
    async with database.transaction(two_tenants[0]) as connection:
        pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    assert await rows("SELECT pg_terminate_backend(%s)", pid) == [(True,)]
    await asyncio.sleep(0.1)

    async with database.transaction(two_tenants[0]) as connection:
        assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one() != pid


async def test_a_connection_that_is_cut_in_the_middle_is_unavailable(database, two_tenants, rows):
    async def be_cut():
        async with database.transaction(two_tenants[0]) as connection:
            pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await rows("SELECT pg_terminate_backend(%s)", pid)
            await asyncio.sleep(0.1)
            await connection.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        await be_cut()


async def test_a_process_that_slept_in_a_transaction_finds_it_gone(settings, two_tenants):
    database = Database(settings.model_copy(update={"database_timeout": 0.05}))

    async def sleep_in_it():
        async with database.transaction(two_tenants[0]) as connection:
            await asyncio.sleep(0.6)
            await connection.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        await sleep_in_it()
    await database.close()


async def test_a_wrong_statement_is_no_outage_and_shows_no_values(database, two_tenants):
    tenant = two_tenants[0]
    wrong = text("INSERT INTO subjects (id, tenant_id) VALUES (:t, :t)")

    with pytest.raises(IntegrityError) as found:
        async with database.transaction(tenant) as connection:
            await connection.execute(wrong, {"t": tenant})
    assert str(tenant) not in str(found.value).partition("[SQL")[2]
