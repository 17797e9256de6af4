"""Only a key that the requester alone can open with is encrypted to."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from slipway.exports.recipient import RecipientRefused, parse_recipient

PRIVATE = x25519.X25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = PRIVATE.public_key().public_bytes_raw()


def pem(key) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    "text",
    [
        pem(PRIVATE.public_key()),
        f"\n{pem(PRIVATE.public_key())}\n\n",
        base64.b64encode(RAW).decode(),
        base64.b64encode(RAW).decode().rstrip("="),
        base64.urlsafe_b64encode(RAW).decode() + "\n",
    ],
    ids=["PEM", "PEM with blank lines", "base64", "base64 without padding", "base64 for URLs"],
)
def test_a_key_is_read_in_each_form(text):
    assert parse_recipient(text).public_bytes_raw() == RAW


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), "This is a private key"),
        (pem(ec.generate_private_key(ec.SECP256R1()).public_key()), "another kind"),
        (pem(ed25519.Ed25519PrivateKey.generate().public_key()), "another kind"),
        (pem(PRIVATE.public_key())[:60], "PEM cannot be read"),
        (base64.b64encode(bytes(32)).decode(), "Nothing can be encrypted to this key"),
        (base64.b64encode(b"\1" + bytes(31)).decode(), "Nothing can be encrypted to this key"),
        (base64.b64encode(RAW[:31]).decode(), "32 bytes"),
        (base64.b64encode(RAW * 2).decode(), "32 bytes"),
        ("ä" * 44, "32 bytes"),
        ("not a key", "32 bytes"),
        ("", "32 bytes"),
    ],
    ids=[
        *("private", "P-256", "Ed25519", "PEM cut off", "zero", "one", "too short", "too long"),
        *("not ASCII", "no base64", "nothing"),
    ],
)
def test_anything_else_is_refused_and_not_repeated(text, complaint):
    with pytest.raises(RecipientRefused, match=complaint) as refused:
        parse_recipient(text)
    assert not text or text not in str(refused.value)
