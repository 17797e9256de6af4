"""Files that are wrong: a rule that is none, a certificate about to end, a lost key, evidence nobody may write."""

from collections.abc import Iterator
from contextlib import contextmanager

from e2e.stage import Stage

_BROKEN = "groups: [{name: broken, rules: [{alert: Broken, expr: 'sum('}]}]\n"
_ISSUE = """
import datetime, json, pathlib
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

store = json.loads(pathlib.Path("/secrets/setup/secrets.json").read_text())
authority = x509.load_pem_x509_certificate(store["authority-certificate"].encode())
signer = serialization.load_pem_private_key(store["authority-certificate-key"].encode(), None)
old = x509.load_pem_x509_certificate(store["gateway-certificate"].encode())
now = datetime.datetime.now(datetime.timezone.utc)
new = x509.CertificateBuilder(
    issuer_name=authority.subject, subject_name=old.subject, public_key=old.public_key(),
    serial_number=x509.random_serial_number(), not_valid_before=now - datetime.timedelta(minutes=5),
    not_valid_after=now + datetime.timedelta(hours=24), extensions=list(old.extensions),
).sign(signer, None if "Ed25519" in type(signer).__name__ else hashes.SHA256())
place = pathlib.Path("/secrets/gateway/tls.crt")
place.chmod(0o600)
place.write_bytes(new.public_bytes(serialization.Encoding.PEM))
place.chmod(0o400)
"""
_UNLINK = "import pathlib; pathlib.Path('/secrets/app/master.key').unlink()"
_LOCK = """
import os
os.chmod("/var/lib/slipway/evidence/checkpoints/lock", {mode})
"""


@contextmanager
def break_rules(stage: Stage) -> Iterator[None]:
    """Give Prometheus a file of rules that it cannot read, and let it read its configuration again."""
    file = stage.rules / "broken.yml"
    file.write_text(_BROKEN)
    stage.project.compose("kill", "--signal", "SIGHUP", "prometheus")
    try:
        yield
    finally:
        file.unlink()
        stage.project.compose("kill", "--signal", "SIGHUP", "prometheus")


@contextmanager
def expire_certificate(stage: Stage) -> Iterator[None]:
    """Give the gateway a certificate that ends within a day; `setup` then puts the right one back."""
    run = ("run", "--rm", "--no-deps", "-T")
    stage.project.compose(*run, "--entrypoint", "python", "setup", "-c", _ISSUE)
    stage.project.compose("restart", "gateway")
    try:
        yield
    finally:
        stage.project.compose(*run, "setup")
        stage.project.compose("restart", "gateway")


@contextmanager
def lose_master_key(stage: Stage) -> Iterator[None]:
    """Take the file of the master key away from processes that run; `setup` then puts it back."""
    run = ("run", "--rm", "--no-deps", "-T")
    stage.project.compose(*run, "--entrypoint", "python", "setup", "-c", _UNLINK)
    try:
        yield
    finally:
        stage.project.compose(*run, "setup")


@contextmanager
def lock_evidence(stage: Stage) -> Iterator[None]:
    """Let no worker write checkpoints of the audit log; all of them share the volume."""
    stage.project.compose("exec", "-T", "worker", "python", "-c", _LOCK.format(mode="0o400"))
    try:
        yield
    finally:
        stage.project.compose("exec", "-T", "worker", "python", "-c", _LOCK.format(mode="0o600"))
