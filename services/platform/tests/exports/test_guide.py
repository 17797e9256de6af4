"""What docs/exports.md says about the format is so: its program opens a package."""

import io
import os
import re
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from slipway.exports.archive import DATA, EXPLANATION, NOTICE, before_data, behind_data
from slipway.exports.package import encrypt_part, head
from slipway.exports.service import MOST_KEPT
from slipway.settings import Settings

GUIDE = (Path(__file__).parents[4] / "docs" / "exports.md").read_text()


def test_the_program_of_the_guide_opens_a_package(tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    key, export_id = X25519PrivateKey.generate(), uuid4()
    texts = {EXPLANATION: "explained", NOTICE: "noticed"}
    parts = [before_data(texts, 4, datetime.now(UTC)), b"one\n", behind_data(4)]
    encrypted = [encrypt_part(key.public_key(), export_id, n, part, last=n == 2) for n, part in enumerate(parts)]
    (tmp_path / "export.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "export.slipway").write_bytes(head(export_id) + b"".join(encrypted))

    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, env=dict(os.environ), check=True)

    with tarfile.open(fileobj=io.BytesIO((tmp_path / "export.tar").read_bytes())) as archive:
        data = archive.extractfile(DATA)
        assert data is not None
        assert data.read() == b"one\n"


def test_the_limits_of_the_guide_are_those_of_the_code():
    days = Settings.model_fields["export_retention_days"].default
    assert f"| kept | {days} days after" in GUIDE
    assert f"| at most | {MOST_KEPT} exports of a person" in GUIDE
