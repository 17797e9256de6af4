"""What is told to whom the generator cannot be built for."""

import pytest
from loadtests.bench.generator.binary import ensure


def test_without_go_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RuntimeError, match=r"Install Go .* there is no `go` on the PATH"):
        ensure(tmp_path / "bin")


def test_a_build_that_fails_is_told_in_gos_words(tmp_path, monkeypatch):
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho 'no such host' >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RuntimeError, match="Building failed: no such host"):
        ensure(tmp_path / "bin")


def test_another_version_is_built_anew_and_not_used(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "vegeta").touch()
    go = tmp_path / "go"
    go.write_text(
        f"#!/bin/sh\necho \"$@\" >> {tmp_path}/asked\nprintf '\\tmod\\tgithub.com/tsenart/vegeta/v12\\tv12.1.0'\n"
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RuntimeError, match=r"is not vegeta v12\.13\.0"):
        ensure(tmp_path / "bin")

    assert "install github.com/tsenart/vegeta/v12@v12.13.0" in (tmp_path / "asked").read_text()
