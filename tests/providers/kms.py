"""AWS KMS as moto's server plays it, and in two points as AWS documents it and moto does not."""

from collections.abc import Iterator
from contextlib import contextmanager

from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import AccessDeniedException
from moto.kms.models import KmsBackend
from moto.server import ThreadedMotoServer

_encrypt, _decrypt = KmsBackend.encrypt, KmsBackend.decrypt


class Kms:
    """A server of KMS, on a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.absences = 0
        """How many of the next uses of a key say that it is not there yet, as just after it was made."""


@contextmanager
def kms_server() -> Iterator[Kms]:
    """Start a server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    kms = Kms(server.get_host_and_port()[1])
    KmsBackend.encrypt, KmsBackend.decrypt = _encrypt_as_documented(kms), _decrypt_as_documented
    try:
        yield kms
    finally:
        KmsBackend.encrypt, KmsBackend.decrypt = _encrypt, _decrypt
        server.stop()


def _encrypt_as_documented(kms: Kms):
    def encrypt(self, key_id, plaintext, encryption_context):
        if kms.absences:
            kms.absences -= 1
            raise JsonRESTError("NotFoundException", f"Alias {key_id} is not found.")
        _refuse_pending(self, key_id)
        return _encrypt(self, key_id, plaintext, encryption_context)

    return encrypt


def _decrypt_as_documented(self, ciphertext_blob, encryption_context, key_id=None):
    """A key that waits for its deletion is not used. A key that is another is told apart from a missing right."""
    _refuse_pending(self, key_id)
    try:
        return _decrypt(self, ciphertext_blob, encryption_context, key_id)
    except AccessDeniedException:
        raise JsonRESTError(
            "IncorrectKeyException", "The key ID does not identify the key of the ciphertext."
        ) from None


def _refuse_pending(backend: KmsBackend, key_id: str) -> None:
    key = backend.keys[backend.any_id_to_key_id(key_id)]
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
