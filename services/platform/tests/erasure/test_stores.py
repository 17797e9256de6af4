"""Whatever the inventory says is erased, is."""

from uuid import uuid4

from slipway.clock import now
from slipway.erasure.receipts import Backups, Erased, write
from slipway.erasure.schemas import Person
from slipway.erasure.stores import LAST, STORES
from slipway.inventory.declaration import DataClass, OnErasure
from slipway.inventory.places import PLACES
from slipway.inventory.tables import held_columns

GONE = {OnErasure.DELETED, OnErasure.DESTROYED}
ABOUT = {DataClass.PERSONAL, DataClass.SPECIAL}


def test_every_table_that_says_so_is_erased_from_and_no_other():
    declared = {each.table for each in held_columns() if each.held.on_erasure in GONE}
    assert sorted([*(store.table for store in STORES), *LAST]) == sorted(declared)


def test_what_is_erased_from_says_whom_a_row_is_about():
    columns = {(each.table, each.column) for each in held_columns()}
    for store in STORES:
        assert (store.table, "subject_id") in columns


async def test_the_receipt_names_each_store_that_holds_something_about_people(platform):
    person = Person(uuid4(), uuid4())
    removed = {"job_items": 3, "subject_keys": 1, "subjects": 1}
    erased = Erased(uuid4(), person, now(), now(), 1, removed, Backups(1, now(), certain=False))
    told = write(erased, platform.signer).body["stores"]
    named = {each["store"] for each in told}
    assert {each.table for each in held_columns() if each.held.data_class in ABOUT} <= named
    assert {place.name for place in PLACES if place.held.data_class in ABOUT} <= named
    assert all(each.get("why") or "rows" in each for each in told)
