"""What the inventory says is given is read, whatever it is."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from slipway.exports import sources
from slipway.exports.sources import SOURCES
from slipway.inventory.declaration import HELD, DataClass, OnErasure, OnExport, held
from slipway.inventory.entries import entries
from slipway.inventory.purposes import Purpose
from slipway.inventory.tables import held_columns
from slipway.workload.loader import find_workload


def read() -> set[tuple[str, str]]:
    return {(column.table.name, column.name) for source in SOURCES for column in source.given()}


def test_every_column_that_says_it_is_given_is_given():
    given = {(each.table, each.column) for each in held_columns() if each.held.on_export is OnExport.GIVEN}
    assert given == read()
    assert len(given) > 20


def test_only_tables_have_something_to_give(small_settings):
    found = entries(small_settings, find_workload(small_settings))
    stores = {each.store for each in found if each.held.on_export is OnExport.GIVEN}
    assert stores == {table for table, _ in read()} | {"input"}


def test_a_new_column_that_is_given_is_read_without_a_word_more():
    info = held(DataClass.PERSONAL, Purpose.ANSWERING, export=OnExport.GIVEN, erasure=OnErasure.DELETED)
    other = held(DataClass.PERSONAL, Purpose.ANSWERING, export=OnExport.EXPLAINED, erasure=OnErasure.DELETED)
    table = Table(
        "extra", MetaData(), Column("id", Integer, primary_key=True, info=info), Column("x", Integer, info=other)
    )
    assert [column.name for column in sources.Source(table, table.c.id).given()] == ["id"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_is_sealed_is_opened(source):
    sealed = {column.name for column in source.sealed()}
    assert sealed == {column.name for column in source.given() if str(column.type) == "BLOB"}
    assert all(HELD in column.info for column in source.given())
