from uuid import uuid4

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from slipway.database import Database
from slipway.errors import Unavailable
from slipway.telemetry.spans import REQUEST
from slipway.telemetry.tracing import configure_tracing

CANARY = "jane"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracing(settings, exporter):
    return configure_tracing("test", settings, exporter=exporter)


@pytest.fixture
async def traced(settings, tracing):
    """A database whose statements are kept."""
    database = Database(settings, tracing=tracing)
    yield database
    await database.close()


@pytest.fixture
def finished(exporter):
    """A function that returns what was exported, by name; nothing of it tells what it was about."""

    def find():
        spans = exporter.get_finished_spans()
        assert not any(CANARY in span.to_json() for span in spans)
        return {span.name: span for span in spans}

    return find


async def test_statements_are_named_by_operation_and_table(traced, tracing, finished):
    with tracing.continue_trace(None, REQUEST):
        async with traced.transaction(uuid4()) as connection:
            await connection.execute(text(f"SELECT * FROM jobs WHERE workload = '{CANARY}'"))
            await connection.execute(text("DELETE FROM jobs WHERE workload = :name"), {"name": CANARY})
            await connection.execute(text("WITH gone AS (DELETE FROM job_items) UPDATE jobs SET priority = 1"))
        await traced.run(uuid4(), "SELECT id FROM subjects WHERE %(name)s = ''", {"name": CANARY})
        await traced.run_system("SELECT coalesce(max(id), 0) FROM job_chunks", {})

    found = finished()
    transaction = found["database.transaction"]
    assert transaction.attributes == {"slipway.role": "app"}
    for name in ("SELECT set_config", "SELECT jobs", "DELETE jobs", "UPDATE jobs"):
        assert found[name].parent.span_id == transaction.context.span_id
    for name in ("SELECT subjects", "SELECT job_chunks"):
        operation, table = name.split()
        described = {"db.system.name": "postgresql", "db.operation.name": operation, "db.collection.name": table}
        assert found[name].attributes == described


async def test_a_statement_that_fails_tells_the_kind_of_error_alone(traced, tracing, finished):
    with tracing.continue_trace(None, REQUEST):
        with pytest.raises(DBAPIError, match=CANARY):
            async with traced.transaction(uuid4()) as connection:
                await connection.execute(text(f"SELECT '{CANARY}'::integer FROM jobs"))
        with pytest.raises(Exception, match=CANARY):
            await traced.run_system(f"SELECT '{CANARY}'::integer FROM job_chunks", {})

    found = finished()
    for name in ("SELECT jobs", "SELECT job_chunks"):
        assert found[name].status.status_code is StatusCode.ERROR
        assert found[name].attributes["error.type"] == "psycopg.errors.InvalidTextRepresentation"


async def test_a_database_that_is_away_is_seen_in_the_trace(settings, tracing, finished):
    nowhere = type(settings.database_app_url)("postgresql://u:p@127.0.0.1:1/x")
    database = Database(settings.model_copy(update={"database_app_url": nowhere}), tracing=tracing)
    with tracing.continue_trace(None, REQUEST), pytest.raises(Unavailable):
        async with database.transaction(uuid4()):
            pass
    await database.close()
    assert finished()["database.transaction"].attributes["error.type"] == "unavailable"


async def test_outside_of_a_trace_statements_begin_none(traced, finished):
    async with traced.transaction(uuid4()) as connection:
        await connection.execute(text("SELECT * FROM jobs"))
    await traced.run_system("SELECT coalesce(max(id), 0) FROM job_chunks", {})
    assert finished() == {}
