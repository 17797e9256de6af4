import asyncio

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from slipway.database import Database
from slipway.database.engine import driver_url
from slipway.errors import Unavailable
from slipway.telemetry.metrics import Metrics


@pytest.fixture
async def database_through_stall(settings, two_tenants):
    """A database behind a wire that, while an event is set, passes nothing on and closes nothing."""
    url = driver_url(settings.database_app_url)
    stall = asyncio.Event()

    async def pump(reader, writer):
        while piece := await reader.read(2**16):
            while stall.is_set():
                await asyncio.sleep(0.01)
            writer.write(piece)
        writer.close()

    async def connect(reader, writer):
        server_reader, server_writer = await asyncio.open_connection(url.host, url.port)
        await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    through = url.set(port=server.sockets[0].getsockname()[1]).render_as_string(hide_password=False)
    changed = {"database_app_url": SecretStr(through), "database_timeout": 0.3, "database_pool_size": 1}
    database = Database(settings.model_copy(update=changed))
    yield database, two_tenants[0], stall
    await database.close()
    server.close()


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


@pytest.fixture
def metrics():
    """The metrics of the process."""
    return Metrics()


@pytest.fixture
def value(metrics):
    """A function that returns the value of a series of a role."""
    return lambda name, role, **labels: metrics.registry.get_sample_value(name, {"role": role, **labels})


async def test_an_absent_server_is_unavailable(settings, metrics, value):
    nowhere = SecretStr("postgresql://slipway_app:app@127.0.0.1:9/slipway")
    absent = settings.model_copy(update={"database_app_url": nowhere, "database_system_url": nowhere})
    database = Database(absent, metrics)
    with pytest.raises(Unavailable) as found:
        async with database.system_transaction():
            raise AssertionError("there is no server")
    assert found.value.headers["Retry-After"] == "2"
    assert value("slipway_database_failures_total", "system", reason="outage") == 1
    assert value("slipway_database_wait_seconds_count", "system") == 0
    await database.close()


async def test_a_pool_without_a_free_connection_is_unavailable_after_the_time_limit(
    settings, two_tenants, metrics, value
):
    small = settings.model_copy(update={"database_pool_size": 1, "database_timeout": 0.2})
    database = Database(small, metrics)
    async with database.transaction(two_tenants[0]):
        assert database.checked_out("app") == 1
        assert value("slipway_database_connections", "app") == value("slipway_database_pool_connections", "app") == 1
        assert value("slipway_database_connections", "system") == 0
        with pytest.raises(Unavailable, match="busy"):
            async with database.transaction(two_tenants[1]):
                raise AssertionError("the only connection is taken")
    assert database.checked_out("app") == value("slipway_database_connections", "app") == 0
    assert value("slipway_database_failures_total", "app", reason="timeout") == 1
    await database.close()


async def test_the_wait_for_a_connection_is_measured(settings, two_tenants, metrics, value):
    database = Database(settings.model_copy(update={"database_pool_size": 1}), metrics)

    async def hold(seconds):
        async with database.transaction(two_tenants[0]):
            await asyncio.sleep(seconds)

    await database.run(two_tenants[0], "SELECT 1", {})
    await asyncio.gather(hold(0.3), hold(0.0))

    assert value("slipway_database_wait_seconds_count", "app") == 3
    assert value("slipway_database_wait_seconds_sum", "app") > 0.25
    assert value("slipway_database_failures_total", "app", reason="timeout") == 0
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


async def test_a_server_that_freezes_is_unavailable(database_through_stall):
    database, tenant, stall = database_through_stall
    async with database.transaction(tenant) as connection:
        await connection.execute(text("SELECT 1"))
    assert await database.run(tenant, "SELECT 1", {}) == [(1,)]
    stall.set()

    with pytest.raises(Unavailable):
        await database.run(tenant, "SELECT 1", {})
    with pytest.raises(Unavailable):
        async with database.transaction(tenant) as connection:
            await connection.execute(text("SELECT 1"))
    assert database.checked_out("app") == 0

    stall.clear()
    assert await database.run(tenant, "SELECT 1", {}) == [(1,)]


async def test_one_statement_sees_the_rows_of_its_tenant_and_leaves_no_trace_of_it(database, two_tenants):
    for tenant in two_tenants:
        assert await database.run(tenant, "SELECT DISTINCT tenant_id FROM jobs", {}) == [(tenant,)]
    async with database.transaction(two_tenants[0]) as connection:
        await connection.execute(text("SELECT set_config('slipway.tenant', '', true)"))
        assert (await connection.execute(text("SELECT count(*) FROM jobs"))).scalar_one() == 0


async def test_a_statement_of_its_own_that_fails_changes_nothing_and_the_pool_lives_on(database, two_tenants, rows):
    wrong = "WITH changed AS (UPDATE jobs SET priority = 1 RETURNING id) SELECT 1 / (count(*) - count(*)) FROM changed"
    with pytest.raises(psycopg.errors.DivisionByZero):
        await database.run(two_tenants[0], wrong, {})

    assert await rows("SELECT count(*) FROM jobs WHERE priority = 1") == [(0,)]
    assert database.checked_out("app") == 0
    assert await database.run(two_tenants[0], "SELECT 1", {}) == [(1,)]


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
