from datetime import timedelta

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from slipway.database import Database
from slipway.database.tables import ALL_TABLES
from slipway.inventory import tables
from slipway.inventory.declaration import DataClass, Form, OnErasure
from slipway.inventory.repository import live_columns
from slipway.inventory.tables import UndeclaredError, held_columns, period_of, retention_of, undeclared

ABOUT = {DataClass.PERSONAL, DataClass.SPECIAL}
WRITTEN = (Text, LargeBinary, JSONB)


async def live(settings):
    database = Database(settings)
    try:
        async with database.system_transaction() as connection:
            return await live_columns(connection)
    finally:
        await database.close()


async def test_every_column_of_the_live_database_is_declared_and_no_other(settings):
    found = await live(settings)
    assert undeclared(found) == []
    assert {(each.table, each.column) for each in held_columns()} == set(found)
    assert len(found) > 100


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ("ALTER TABLE jobs ADD COLUMN remark text", "jobs.remark"),
        ("CREATE TABLE extra (id int)", "extra.id"),
        ("CREATE VIEW names AS SELECT name FROM tenants", "names.name"),
        ("CREATE SCHEMA other CREATE TABLE hidden (id int)", "hidden.id"),
    ],
)
async def test_a_column_that_nobody_has_declared_is_named(settings, superuser, change, missed):
    await superuser.execute(change)
    assert undeclared(await live(settings)) == [missed]


def test_a_model_without_a_declaration_is_refused_by_its_name(monkeypatch):
    extra = Table("extra", MetaData(), Column("id", Integer))
    monkeypatch.setattr(tables, "ALL_TABLES", (extra,))
    with pytest.raises(UndeclaredError, match=r"extra\.id does not say what it holds: give it info=held"):
        held_columns()


def test_every_table_says_how_long_its_rows_stay():
    assert [retention_of(table) for table in ALL_TABLES]
    with pytest.raises(UndeclaredError, match="The table extra does not say"):
        retention_of("extra")


def test_a_table_follows_one_that_there_is_and_counts_from_columns_that_it_has():
    for table in ALL_TABLES:
        retention = retention_of(table)
        assert set(retention.since) <= set(table.c.keys()), table.name
        if retention.follows:
            parents = {key.column.table.name for key in table.foreign_keys if key.ondelete == "CASCADE"}
            assert retention.follows in parents, f"rows of {table.name} do not go with {retention.follows}"


def test_the_period_of_a_table_is_that_of_the_one_it_goes_with(settings):
    changed = settings.model_copy(update={"job_retention_days": 7})
    assert period_of("job_items", changed) == period_of("jobs", changed) == timedelta(days=7)
    assert period_of("webhook_attempts", changed) == timedelta(days=30)
    assert period_of("api_keys", changed) == timedelta(days=365)
    assert period_of("tenants", changed) is None


def test_what_people_wrote_never_lies_there_in_plain():
    kinds = {(table.name, column.name): column.type for table in ALL_TABLES for column in table.c}
    sensitive = [each for each in held_columns() if each.held.data_class in {*ABOUT, DataClass.SECRET}]
    written = [each for each in sensitive if isinstance(kinds.get((each.table, each.column)), WRITTEN)]
    assert {("job_items", "input"), ("subjects", "pseudonym")} <= {(each.table, each.column) for each in written}
    # A reference to a case, words of short lists, and what was done where: none tells what a person wrote.
    plain = [f"{each.table}.{each.column}" for each in written if each.held.form is Form.PLAIN]
    assert plain == [
        "subjects.hold_reason",
        "subject_requests.kind",
        "subject_requests.state",
        "subject_requests.receipt",
        "job_items.state",
    ]


def test_where_a_row_is_about_a_person_an_erasure_takes_it():
    points = [
        each
        for each in held_columns()
        if (each.table, each.column) == ("subjects", "id") or each.column == "subject_id"
    ]
    rows = {each.table for each in points if each.held.on_erasure is OnErasure.DELETED}
    assert {"subjects", "subject_keys", "job_items"} <= rows
    left = [
        f"{each.table}.{each.column}"
        for each in held_columns()
        if each.table in rows and each.column != "tenant_id"
        if each.held.on_erasure not in {OnErasure.DELETED, OnErasure.DESTROYED}
    ]
    assert left == []


def test_every_column_that_points_at_a_person_is_personal():
    pointing = [each for each in held_columns() if each.column == "subject_id"]
    assert len(pointing) >= 3
    assert all(each.held.data_class is DataClass.PERSONAL for each in pointing)
