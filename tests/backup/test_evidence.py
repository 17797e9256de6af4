"""The evidence comes to a restored stack as it was, from a folder or from the file of a backup."""

import tarfile

import pytest
from infra.backup.errors import BackupError
from infra.backup.evidence import newest, packed


@pytest.fixture
def folder(tmp_path):
    """Evidence as it lies in the volume."""
    for stream, name in (("tombstones", "000000000001.jsonl"), ("checkpoints", "000000000900.jsonl")):
        (tmp_path / "evidence" / stream).mkdir(parents=True)
        (tmp_path / "evidence" / stream / name).write_bytes(f"lines of {stream}\n".encode())
        (tmp_path / "evidence" / stream / "lock").touch()
    return tmp_path / "evidence"


def content(file):
    with tarfile.open(fileobj=file) as packing:
        return {
            entry.name: (entry.uid, entry.mode, file.read() if (file := packing.extractfile(entry)) else None)
            for entry in packing
        }


EXPECTED = {
    "checkpoints": (10001, 0o700, None),
    "tombstones": (10001, 0o700, None),
    "checkpoints/000000000900.jsonl": (10001, 0o600, b"lines of checkpoints\n"),
    "tombstones/000000000001.jsonl": (10001, 0o600, b"lines of tombstones\n"),
}


def test_a_folder_is_packed_for_the_account_of_the_workers(folder):
    with packed(folder) as file:
        assert content(file) == EXPECTED


def test_the_file_of_a_backup_is_packed_the_same(folder, tmp_path):
    with tarfile.open(tmp_path / "evidence.tar", "w") as saved:
        saved.add(folder, ".")
    with packed(tmp_path / "evidence.tar") as file:
        assert content(file) == EXPECTED


def test_what_is_no_evidence_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BackupError, match="has no evidence"), packed(tmp_path / "empty"):
        pass
    (tmp_path / "file.tar").write_bytes(b"nonsense")
    with pytest.raises(BackupError, match="cannot be read"), packed(tmp_path / "file.tar"):
        pass


def test_the_newest_is_found(tmp_path):
    assert newest(tmp_path) is None
    for name in ("20261122-100000.tar", "20261123-090000.tar", "20261123-100000.json"):
        (tmp_path / name).touch()
    assert newest(tmp_path) == tmp_path / "20261123-090000.tar"
