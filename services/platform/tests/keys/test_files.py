import os
from pathlib import Path

import pytest

from slipway.keys.files import KeyFileError, create_key_file, delete_key_file, read_key_file


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    assert create_key_file(path, b"a key")
    return path


def test_with_a_key_file_goes_the_copy_that_a_killed_process_left_beside_it(ours: Path) -> None:
    other = ours.with_name("master.key2")
    for path in (ours.with_name(".master.key.x3k"), other):
        path.write_bytes(b"a key")
    delete_key_file(ours)
    assert list(ours.parent.iterdir()) == [other]
    delete_key_file(ours)


@pytest.fixture
def mounted(ours: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file as a process sees it that runs as another user than the file's owner."""
    stranger = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    return ours


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_key_of_our_own_is_for_us_alone(ours: Path, mode: int) -> None:
    ours.chmod(mode)
    assert read_key_file(ours) == b"a key"


@pytest.mark.parametrize("mode", [0o640, 0o440, 0o604, 0o620, 0o610])
def test_a_key_of_our_own_that_others_reach_is_refused(ours: Path, mode: int) -> None:
    ours.chmod(mode)
    with pytest.raises(KeyFileError, match=f"mode {mode:04o}.*chmod 600 {ours}"):
        read_key_file(ours)


@pytest.mark.parametrize("mode", [0o440, 0o640])
def test_a_mounted_key_may_reach_us_through_its_group(mounted: Path, mode: int) -> None:
    mounted.chmod(mode)
    assert read_key_file(mounted) == b"a key"


@pytest.mark.parametrize("mode", [0o444, 0o644, 0o442, 0o441, 0o460, 0o450])
def test_a_mounted_key_that_others_reach_or_its_group_may_change_is_refused(mounted: Path, mode: int) -> None:
    mounted.chmod(mode)
    with pytest.raises(KeyFileError, match=rf"mode {mode:04o}.*Mount it with mode 0440"):
        read_key_file(mounted)
