"""A mark is found in whatever encoding it is."""

import base64
import json
from urllib.parse import quote

import pytest
from privacy.scanning import Marks

ENCODINGS = {
    "as it is": str.encode,
    "capitals": lambda mark: mark.upper().encode(),
    "hex": lambda mark: mark.encode().hex().encode(),
    "bytea": lambda mark: b"\\x" + mark.encode().hex().encode(),
    "url": lambda mark: quote(f"Jürgen {mark}").encode(),
    "json": lambda mark: json.dumps({"name": f'"Jürgen" {mark}'}).encode(),
    "backwards": lambda mark: mark[::-1].encode(),
    "utf-16": lambda mark: mark.encode("utf-16"),
    "json escapes": lambda mark: "".join(f"\\u{ord(letter):04x}" for letter in mark).encode(),
    "base64": lambda mark: base64.b64encode(mark.encode()),
    "base64 of more": lambda mark: base64.b64encode(f'{{"text": "{mark}"}}'.encode()),
    "base64 one on": lambda mark: base64.urlsafe_b64encode(f"x{mark}".encode()),
    "base64 two on": lambda mark: base64.b64encode(f"xyÜ{mark}?>".encode()),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("seed", range(5))
def test_a_mark_is_found(encode, seed):
    marks = Marks(seed)
    content = b"before " + encode(marks.new()) + b" after"
    assert len({hit.offset for hit in marks.find("here", content)}) == 1


def test_marks_of_others_are_not_found():
    marks, others = Marks(1), Marks(2)
    assert list(marks.find("here", others.new().encode())) == []
    assert marks.new() != marks.new()


def test_files_are_searched_across_the_pieces_they_are_read_in(tmp_path, monkeypatch):
    monkeypatch.setattr("privacy.scanning._PIECE", 64)
    marks = Marks(1)
    for number in range(130):
        (tmp_path / f"{number}.bin").write_bytes(b"." * number + marks.new().encode() + b"." * (200 - number))
    found = list(marks.find_in_files(tmp_path))
    assert {(hit.place, hit.offset) for hit in found} == {(f"{number}.bin", number) for number in range(130)}
