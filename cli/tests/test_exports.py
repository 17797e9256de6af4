"""`slipway privacy open-export`."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner, Result

from slipway.exports.archive import EXPLANATION, NOTICE, before_data, behind_data
from slipway.exports.package import encrypt_part, head
from slipway_cli.main import app

run = CliRunner().invoke

KEY = X25519PrivateKey.generate()
DATA = b'{"subjects": {}}\n'


def pem(key: X25519PrivateKey | Ed25519PrivateKey, password: bytes | None = None) -> bytes:
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package for `KEY`."""
    export_id, texts = uuid4(), {EXPLANATION: "What it means.", NOTICE: "A notice."}
    contents = [before_data(texts, len(DATA), datetime.now(UTC)), DATA, behind_data(len(DATA))]
    parts = [encrypt_part(KEY.public_key(), export_id, n, content, last=n == 2) for n, content in enumerate(contents)]
    path = tmp_path / "export.slipway"
    path.write_bytes(head(export_id) + b"".join(parts))
    return path


def opened(package: Path, key: bytes, folder: str = "opened") -> tuple[Result, Path]:
    path = package.parent / "key.pem"
    path.write_bytes(key)
    to = package.parent / folder
    return run(app, ["privacy", "open-export", str(package), "--key", str(path), "--to", str(to)]), to


def test_a_package_is_opened_into_a_folder(package):
    done, folder = opened(package, pem(KEY))
    assert done.exit_code == 0, done.output
    assert [Path(line).name for line in done.output.splitlines()] == [EXPLANATION, NOTICE, "data.jsonl"]
    assert (folder / "data.jsonl").read_bytes() == DATA


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        (pem(X25519PrivateKey.generate()), "the package is for another key"),
        (pem(Ed25519PrivateKey.generate()), "of another kind than X25519"),
        (pem(KEY, b"secret"), "has a password"),
        (b"no key", "is no private key in PEM"),
    ],
    ids=["another", "of another kind", "locked", "none"],
)
def test_a_key_that_does_not_open_it_is_told(package, key, complaint):
    done, folder = opened(package, key)
    assert done.exit_code == 1
    assert complaint in " ".join(done.output.split())
    assert not folder.exists()


def test_a_package_that_was_cut_off_leaves_nothing(package):
    package.write_bytes(package.read_bytes()[:-1])
    done, folder = opened(package, pem(KEY))
    assert done.exit_code == 1
    assert "cut off" in done.output
    assert not folder.exists()


def test_a_folder_that_is_there_is_not_touched(package):
    (package.parent / "mine").mkdir()
    done, folder = opened(package, pem(KEY), "mine")
    assert done.exit_code == 1
    assert "already" in done.output
    assert list(folder.iterdir()) == []
