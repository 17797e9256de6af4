from datetime import UTC, datetime

import pytest

from triage.artifacts.folder import new_folder, read_manifest, record_files, verify, write_manifest
from triage.artifacts.manifest import Manifest
from triage.errors import ModelError


def written(folder):
    with new_folder(folder) as draft:
        (draft / "weights").write_bytes(b"12345")
        manifest = Manifest(created=datetime.now(UTC), code="1", files=record_files(draft))
        write_manifest(draft, manifest)
    return manifest


def test_what_was_written_is_read_and_verified(tmp_path):
    folder = tmp_path / "model" / "v1"
    manifest = written(folder)
    assert read_manifest(folder, Manifest) == manifest
    verify(folder, manifest, ["weights"])


def test_a_failed_write_leaves_nothing(tmp_path):
    def write():
        with new_folder(tmp_path / "v1") as draft:
            (draft / "weights").touch()
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_writers_wins(tmp_path):
    with new_folder(tmp_path / "v1") as slow:
        (slow / "slow").touch()
        written(tmp_path / "v1")
    assert sorted(path.name for path in (tmp_path / "v1").iterdir()) == ["manifest.json", "weights"]
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_a_changed_file_is_refused(tmp_path):
    manifest = written(tmp_path / "v1")
    (tmp_path / "v1" / "weights").write_bytes(b"12346")
    with pytest.raises(ModelError, match="weights is not the file that was written"):
        verify(tmp_path / "v1", manifest, ["weights"])


def test_a_missing_file_is_refused(tmp_path):
    manifest = written(tmp_path / "v1")
    (tmp_path / "v1" / "weights").unlink()
    with pytest.raises(ModelError, match="weights is missing"):
        verify(tmp_path / "v1", manifest, ["weights"])


def test_a_manifest_of_another_format_is_refused(tmp_path):
    written(tmp_path / "v1")
    path = tmp_path / "v1" / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(ModelError, match="cannot be read as a manifest"):
        read_manifest(tmp_path / "v1", Manifest)
