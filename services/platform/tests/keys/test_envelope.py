from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slipway.keys.envelope import (
    Aad,
    DataKey,
    SealBroken,
    key_version,
    new_data_key,
    open_sealed,
    pseudonym,
    seal,
    unwrap_key,
    wrap_key,
)

PLACE = Aad(tenant="t-1", table="job_items", column="input", row="j-1/7")
KEY = new_data_key()

places = st.builds(Aad, *[st.text(st.characters(exclude_categories=["Cs"]), max_size=8)] * 4)
keys = st.builds(DataKey, st.integers(1, 2**32 - 1), st.binary(min_size=32, max_size=32))


@given(keys, st.binary(max_size=2_000), places)
def test_what_was_sealed_opens_at_its_place(key: DataKey, plaintext: bytes, place: Aad) -> None:
    sealed = seal(key, plaintext, place)
    assert open_sealed(key, sealed, place) == plaintext
    assert key_version(sealed) == key.version
    assert len(sealed) == len(plaintext) + 33


@given(st.binary(max_size=50), st.data())
def test_any_changed_bit_breaks_the_seal(plaintext: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, plaintext, PLACE))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        open_sealed(KEY, bytes(sealed), PLACE)


@given(st.integers(0, 40))
def test_a_cut_envelope_does_not_open(length: int) -> None:
    with pytest.raises(SealBroken):
        open_sealed(KEY, seal(KEY, b"personal", PLACE)[:length], PLACE)


@pytest.mark.parametrize("part", ["tenant", "table", "column", "row"])
def test_a_moved_value_does_not_open(part: str) -> None:
    sealed = seal(KEY, b"personal", PLACE)
    with pytest.raises(SealBroken, match="belongs elsewhere"):
        open_sealed(KEY, sealed, replace(PLACE, **{part: "other"}))


@given(places, places)
def test_no_two_places_are_confused(one: Aad, other: Aad) -> None:
    assume(one != other)
    assert one.encode() != other.encode()


def test_letters_that_move_from_one_part_to_the_next_make_another_place() -> None:
    assert Aad("ab", "c", "d", "e").encode() != Aad("a", "bc", "d", "e").encode()


def test_another_key_does_not_open() -> None:
    sealed = seal(KEY, b"personal", PLACE)
    with pytest.raises(SealBroken, match="another key"):
        open_sealed(new_data_key(), sealed, PLACE)
    with pytest.raises(SealBroken, match="key version 1, not 2"):
        open_sealed(DataKey(2, KEY.secret), sealed, PLACE)


def test_a_later_format_is_told_apart() -> None:
    sealed = b"\x02" + seal(KEY, b"personal", PLACE)[1:]
    with pytest.raises(SealBroken, match="format 2 is unknown"):
        open_sealed(KEY, sealed, PLACE)


def test_sealing_twice_shows_nothing_in_common() -> None:
    assert len({seal(KEY, b"personal", PLACE)[5:] for _ in range(100)}) == 100


@given(keys, keys, places)
def test_a_wrapped_key_opens_at_its_place_with_its_version(parent: DataKey, child: DataKey, place: Aad) -> None:
    wrapped = wrap_key(parent, child, place)
    assert unwrap_key(parent, wrapped, place) == child
    assert child.secret not in wrapped
    with pytest.raises(SealBroken):
        unwrap_key(parent, wrapped, replace(place, row=place.row + "x"))


def test_keys_and_values_do_not_stand_in_for_each_other() -> None:
    with pytest.raises(SealBroken):
        open_sealed(KEY, wrap_key(KEY, new_data_key(), PLACE), PLACE)
    with pytest.raises(SealBroken):
        unwrap_key(KEY, seal(KEY, bytes(36), PLACE), PLACE)


@pytest.mark.parametrize(("version", "secret"), [(1, b"short"), (0, bytes(32)), (2**32, bytes(32))])
def test_a_key_that_cannot_be_right_is_refused(version: int, secret: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        DataKey(version, secret)


def test_a_key_does_not_show_its_secret() -> None:
    assert repr(DataKey(3, b"s" * 32)) == "DataKey(version=3)"


def test_a_pseudonym_is_stable_and_belongs_to_its_key() -> None:
    same_secret = DataKey(2, KEY.secret)
    assert pseudonym(KEY, "jane") == pseudonym(same_secret, "jane")
    assert pseudonym(KEY, "jane") != pseudonym(new_data_key(), "jane")
    assert pseudonym(KEY, "jane") != pseudonym(KEY, "Jane")
    assert len(pseudonym(KEY, "jane")) == 32


def test_a_pseudonym_is_the_documented_function() -> None:
    """Computed apart, so that stored pseudonyms outlive a rewrite: HMAC-SHA-256 under HKDF-SHA-256 of the key."""
    assert pseudonym(DataKey(1, bytes(range(32))), "jane").hex() == (
        "2e80c6c4df3372f7c6cf1646c8d85c729c967878aa3ec701b192f0277751b8d8"
    )


def test_one_person_typed_in_two_ways_is_one_person() -> None:
    assert pseudonym(KEY, "Jos\u00e9") == pseudonym(KEY, "Jose\u0301")
