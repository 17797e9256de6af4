"""A value is found wherever it lies, and in whatever pieces."""

import secrets

import pytest
from privacy.needles import Needles


def test_each_value_is_found_as_it_is_and_in_hexadecimal(tmp_path, monkeypatch):
    monkeypatch.setattr("privacy.needles._PIECE", 100)
    values = [secrets.token_bytes(40) for _ in range(300)]
    needles = Needles()
    for value in values:
        needles.add("key", b"\x01\x00\x00\x00\x01" + value, skip=5)
    (tmp_path / "deep").mkdir()
    for number, value in enumerate(values):
        form = (value, value.hex().encode(), value.hex().upper().encode())[number % 3]
        (tmp_path / "deep" / f"{number}.bin").write_bytes(b"." * number + form + b"." * 50)
    found = {(hit.value, hit.place.rpartition("/")[2]) for hit in needles.find_in_files([tmp_path])}
    assert found == {(number, f"{number}.bin") for number in range(300)}
    assert list(needles.find_in_files([tmp_path], without={"deep"})) == []


def test_a_long_value_is_found_by_any_of_its_pieces():
    value = secrets.token_bytes(6_000)
    needles = Needles()
    needles.add("input", value)
    for beginning in range(0, 4_000, 250):
        assert list(needles.find("toast", b"x" * 7 + value[beginning : beginning + 1_990]))


def test_other_bytes_are_not_found():
    needles = Needles()
    needles.add("key", secrets.token_bytes(32))
    assert list(needles.find("here", secrets.token_bytes(500_000) + bytes(500_000))) == []
    with pytest.raises(ValueError, match="16 bytes"):
        needles.add("key", b"short")
