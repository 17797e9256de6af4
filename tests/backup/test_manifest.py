"""A backup tells what it is, and a damaged one is not taken for whole."""

import json

import pytest
from infra.backup.apart import Apart
from infra.backup.create import create
from infra.backup.errors import BackupError
from infra.backup.files import newest, private, sha256
from infra.backup.manifest import FORMAT, NAME, Manifest, Part


@pytest.fixture
def backup(tmp_path):
    """A folder with one dump, and its file of keys elsewhere."""
    folder, keys = tmp_path / "data", tmp_path / "keys.json"
    for path, content in ((folder / "slipway.dump", b"rows"), (keys, b"{}")):
        with private(path) as file:
            file.write(content)
    digest = sha256(folder / "slipway.dump")
    part = Part("postgres", "slipway", "slipway_owner", ["slipway_app"], "slipway.dump", digest, 4, {"jobs": 3}, 900)
    Manifest(FORMAT, "2026-11-22T20:00:00+00:00", "dev", "18.6", "0003", sha256(keys), [part]).write(folder)
    return folder, keys


def test_a_whole_backup_is_read_as_it_was_written(backup):
    folder, keys = backup

    manifest = Manifest.read(folder)
    manifest.check(folder, keys)

    assert manifest.parts[0].rows == {"jobs": 3}
    assert manifest.schema == "0003"


def test_only_its_owner_may_read_it(backup):
    folder, keys = backup

    assert {path.stat().st_mode & 0o777 for path in (*folder.iterdir(), keys)} == {0o600}


def test_a_changed_dump_is_noticed(backup):
    folder, keys = backup
    (folder / "slipway.dump").write_bytes(b"r0ws")

    with pytest.raises(BackupError, match=r"slipway\.dump is damaged"):
        Manifest.read(folder).check(folder, keys)


def test_the_keys_of_another_backup_are_noticed(backup):
    folder, keys = backup
    keys.write_text('{"master-key": "of another"}')

    with pytest.raises(BackupError, match="keys of another backup"):
        Manifest.read(folder).check(folder, keys)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is not a whole backup"),
        ("{", "is not JSON"),
        (json.dumps({"format": 99}), "has format 99"),
        (json.dumps({"format": FORMAT}), "is damaged"),
        (json.dumps({"format": FORMAT, "parts": [], "more": 1}), "is damaged"),
    ],
)
def test_what_is_no_manifest_is_refused(backup, content, words):
    folder, _ = backup
    (folder / NAME).unlink()
    if content is not None:
        (folder / NAME).write_text(content)

    with pytest.raises(BackupError, match=words):
        Manifest.read(folder)


def test_a_backup_overwrites_nothing(tmp_path):
    (tmp_path / "keys.json").write_text("those of before")

    with pytest.raises(BackupError, match="overwrites nothing"), private(tmp_path / "keys.json"):
        pass

    assert (tmp_path / "keys.json").read_text() == "those of before"


def test_a_file_that_was_begun_in_vain_is_gone(tmp_path):
    def break_off():
        with private(tmp_path / "dump") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()

    assert not (tmp_path / "dump").exists()


def test_a_backup_that_is_refused_leaves_the_keys_of_another_alone(tmp_path):
    keys = tmp_path / "keys.json"
    keys.write_text("those of an older backup")

    with pytest.raises(BackupError, match="overwrites nothing"):
        create(
            None, tmp_path / "new", Apart(keys, tmp_path / "slipway.keys", tmp_path / "evidence.tar")
        )  # it asks no server before it has a place for the keys

    assert keys.read_text() == "those of an older backup"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("inside", ["keys", "wrapped", "evidence"])
def test_nothing_that_belongs_apart_is_put_beside_the_data(tmp_path, inside):
    places = {"keys": tmp_path / "keys.json", "wrapped": tmp_path / "slipway.keys", "evidence": tmp_path / "e.tar"}
    places[inside] = tmp_path / "new" / "inside"
    with pytest.raises(BackupError, match="must not lie beside the data"):
        create(None, tmp_path / "new", Apart(**places))
    assert list(tmp_path.iterdir()) == []


def test_wrapped_keys_replace_the_older_ones_once_they_are_whole(tmp_path):
    path = tmp_path / "slipway.keys"
    for content in (b"old", b"new"):
        with newest(path) as file:
            file.write(content)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TypeError), newest(path) as file:
        file.writelines([b"half", None])
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
