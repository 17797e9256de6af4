from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from slipway.keys.files import KeyFileError, create_key_file
from slipway.keys.signer import AuditSigner, new_signing_key, signed_by
from slipway.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(audit_key_file=tmp_path / "audit.pem")


@pytest.fixture
def signer(settings: Settings) -> AuditSigner:
    create_key_file(settings.audit_key_file, new_signing_key())
    return AuditSigner.load(settings)


def test_a_signature_can_be_verified_later_and_by_others(settings: Settings, signer: AuditSigner) -> None:
    signature = signer.sign(b"seal")
    again = AuditSigner.load(settings)
    assert again.key_id == signer.key_id
    assert signed_by(again.public_key, b"seal", signature)
    Ed25519PublicKey.from_public_bytes(signer.public_key).verify(signature, b"seal")


def test_another_text_another_key_and_another_signature_do_not_verify(signer: AuditSigner, tmp_path: Path) -> None:
    signature = signer.sign(b"seal")
    assert not signed_by(signer.public_key, b"seal!", signature)
    assert not signed_by(signer.public_key, b"seal", signature[:-1])
    other_settings = Settings(audit_key_file=tmp_path / "other.pem")
    create_key_file(other_settings.audit_key_file, new_signing_key())
    other = AuditSigner.load(other_settings)
    assert other.key_id != signer.key_id
    assert not signed_by(other.public_key, b"seal", signature)


@given(st.binary(max_size=80))
def test_no_made_up_signature_verifies(signature: bytes) -> None:
    signer = AuditSigner.parse(new_signing_key())
    assert not signed_by(signer.public_key, b"seal", signature)


def test_a_file_that_is_no_ed25519_key_is_told(settings: Settings) -> None:
    create_key_file(settings.audit_key_file, b"nothing")
    with pytest.raises(KeyFileError, match="not a private key"):
        AuditSigner.load(settings)
    settings.audit_key_file.write_bytes(
        X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with pytest.raises(KeyFileError, match="another kind of key"):
        AuditSigner.load(settings)
