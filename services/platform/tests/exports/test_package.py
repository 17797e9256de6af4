"""A package opens with its key, whole and in order, or says that it does not."""

import io
import tarfile
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as some

from slipway.exports.archive import DATA, EXPLANATION, NOTICE, before_data, behind_data, unpack
from slipway.exports.package import PackageBroken, decrypt_parts, encrypt_part, head

KEY, ID = X25519PrivateKey.generate(), uuid4()
TEXTS = {EXPLANATION: "What é means.", NOTICE: "A notice."}
AT = datetime(2026, 1, 2, tzinfo=UTC)


def parts_of(*contents: bytes, export_id=ID) -> list[bytes]:
    last = len(contents) - 1
    return [
        encrypt_part(KEY.public_key(), export_id, number, content, last=number == last)
        for number, content in enumerate(contents)
    ]


def opened(*parts: bytes, key=KEY) -> list[bytes]:
    return list(decrypt_parts(io.BytesIO(head(ID) + b"".join(parts)), key))


def test_what_was_encrypted_opens_part_by_part():
    contents = [b"one", b"", b"three" * 100_000]
    assert opened(*parts_of(*contents)) == contents


def test_nobody_else_opens_it():
    with pytest.raises(PackageBroken, match="Part 0 does not open: the package is for another key"):
        opened(*parts_of(b"one"), key=X25519PrivateKey.generate())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: p[:-1], id="the end is missing"),
        pytest.param(lambda p: [p[0], p[2]], id="the middle is missing"),
        pytest.param(lambda p: p[1:], id="the beginning is missing"),
        pytest.param(lambda p: [p[1], p[0], p[2]], id="in another order"),
        pytest.param(lambda p: [p[0], p[0], *p[1:]], id="one twice"),
        pytest.param(lambda p: [*p, p[2]], id="the end twice"),
        pytest.param(lambda p: [*p, b"\0\0\0"], id="more behind it"),
        pytest.param(lambda p: [*p[:2], p[2][:-5]], id="cut off in a part"),
        pytest.param(lambda p: [*p[:2], p[2][:3]], id="cut off in a length"),
        pytest.param(lambda p: [p[0], b"\xff" * 4, *p[1:]], id="a length that cannot be"),
        pytest.param(lambda p: [p[0], bytes(4), *p[1:]], id="a length of nothing"),
        pytest.param(lambda p: [*p[:2], *parts_of(b"one", b"two", b"three", export_id=uuid4())[2:]], id="of another"),
        pytest.param(lambda _: [], id="no parts"),
    ],
)
def test_what_is_not_the_whole_package_in_order_is_refused(change):
    with pytest.raises(PackageBroken):
        opened(*change(parts_of(b"one", b"two", b"three")))


@settings(max_examples=50, deadline=None)
@given(some.data())
def test_a_bit_that_was_changed_is_noticed(data):
    package = bytearray(head(ID) + b"".join(parts_of(b"one", b"two")))
    bit = data.draw(some.integers(0, 8 * len(package) - 1))
    package[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PackageBroken):
        list(decrypt_parts(io.BytesIO(bytes(package)), KEY))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"slipway-export/2 x\n", b"slipway-export/1 " + b"x" * 200])
def test_another_file_is_told_apart(content):
    with pytest.raises(PackageBroken, match="no export of Slipway's"):
        list(decrypt_parts(io.BytesIO(content), KEY))


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 30_000])
def test_the_parts_are_an_archive_that_every_tar_opens(tmp_path, size):
    data = b"x" * size
    contents = [before_data(TEXTS, size, AT), *([data] if size else []), behind_data(size)]

    with tarfile.open(fileobj=io.BytesIO(b"".join(contents))) as archive:
        assert archive.getnames() == [EXPLANATION, NOTICE, DATA]
    written = unpack(iter(contents), tmp_path / "new" / "folder")

    assert [path.name for path in written] == [EXPLANATION, NOTICE, DATA]
    assert written[0].read_text() == TEXTS[EXPLANATION]
    assert written[2].read_bytes() == data
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


def test_nothing_is_left_of_what_does_not_open_to_its_end(tmp_path):
    parts = parts_of(before_data(TEXTS, 3, AT), b"abc", behind_data(3))
    package = io.BytesIO(head(ID) + b"".join(parts[:-1]))
    with pytest.raises(PackageBroken):
        unpack(decrypt_parts(package, KEY), tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def strange(name: str, **changes: object) -> bytes:
    info = tarfile.TarInfo(name)
    for attribute, value in changes.items():
        setattr(info, attribute, value)
    return info.tobuf() + bytes(1024)


@pytest.mark.parametrize(
    "content",
    [
        strange("../data.jsonl"),
        strange("data.jsonl", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        strange("data.jsonl", type=tarfile.DIRTYPE),
        strange("more.txt"),
        strange("data.jsonl"),
        b"no archive",
    ],
)
def test_another_archive_is_not_unpacked(tmp_path, content):
    with pytest.raises(tarfile.TarError):
        unpack(iter([content]), tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(FileExistsError):
        unpack(iter([before_data(TEXTS, 0, AT), behind_data(0)]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
