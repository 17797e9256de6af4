import pytest

from slipway.keys.envelope import DataKey, SealBroken, new_data_key, pseudonym
from slipway.keys.index import IndexKey

FIRST = DataKey(1, bytes(range(32)))


def test_the_derived_key_gives_the_pseudonyms_that_the_first_version_gave():
    assert IndexKey.derived(FIRST).pseudonym("jane") == pseudonym(FIRST, "jane")


def test_it_outlives_any_number_of_parents():
    index, before = IndexKey.derived(FIRST), IndexKey.derived(FIRST).pseudonym("José")
    for version in range(2, 5):
        parent = new_data_key(version)
        index = IndexKey.unwrap(parent, index.wrap(parent, "tenant"), "tenant")
    assert index.pseudonym("Jose\u0301") == before
    assert index.pseudonym("jose") != before


def test_it_opens_for_its_tenant_and_under_its_parent_only():
    wrapped = IndexKey.derived(FIRST).wrap(FIRST, "tenant")
    for parent, tenant in ((FIRST, "another"), (new_data_key(), "tenant")):
        with pytest.raises(SealBroken):
            IndexKey.unwrap(parent, wrapped, tenant)


def test_its_representation_shows_nothing():
    assert repr(IndexKey.derived(FIRST)) == "IndexKey()"
