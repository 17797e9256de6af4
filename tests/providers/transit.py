"""A stand-in for Vault's transit engine, for machines that have no Vault.

It answers as Vault's documentation and sources say, in status, text and cryptography, to what our provider asks. It
proves what our side does with such answers, and nothing about Vault: for that the same tests run against a real server
wherever VAULT_ADDR names one.
"""

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROOT, NOBODY = "root-token", "token-without-rights"
ROLE, SERVICE_ACCOUNT = "slipway", "a.service.account"
Answer = tuple[int, dict[str, Any] | None]


@dataclass
class _Key:
    secret: bytes
    derived: bool
    deletable: bool = False


@dataclass
class Transit:
    """What the engine holds, and who may use it."""

    keys: dict[str, _Key] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {ROOT})
    denying: bool = False
    """The policy of everybody allows nothing."""
    logins: int = 0
    lease: int = 3600
    sealed: bool = False
    too_old: bool = False
    """An operator has raised the `min_decryption_version` of all keys."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, path: str, body: dict[str, Any], token: str) -> Answer:
        asked = path.split("/")[2:]
        if self.sealed:
            return _errors(503, "Vault is sealed")
        if asked == ["auth", "kubernetes", "login"]:
            return self._login(body)
        if asked == ["sys", "capabilities-self"] and token in {*self.tokens, NOBODY}:
            return _data(dict.fromkeys(body["paths"], ["update"] if token in self.tokens else ["deny"]))
        if token not in self.tokens or self.denying:
            return _errors(403, "permission denied")
        return self._route(method, asked, body)

    def _route(self, method: str, asked: list[str], body: dict[str, Any]) -> Answer:
        match method, asked:
            case "POST", ["transit", "keys", name]:
                self.keys.setdefault(name, _Key(os.urandom(32), bool(body.get("derived"))))
                return _data({"name": name})
            case "POST", ["transit", "keys", name, "config"]:
                return self._configure(name, body)
            case "DELETE", ["transit", "keys", name]:
                return self._delete(name)
            case "POST", ["transit", "encrypt" | "decrypt" as action, name]:
                return self._use(action, name, body)
        return _errors(404, "no handler for route. route entry not found.")

    def _login(self, body: dict[str, Any]) -> Answer:
        if (body["role"], body["jwt"]) != (ROLE, SERVICE_ACCOUNT):
            return _errors(403, "permission denied")
        self.logins += 1
        self.tokens.add(f"login-{self.logins}")
        return 200, {"auth": {"client_token": f"login-{self.logins}", "lease_duration": self.lease}}

    def _configure(self, name: str, body: dict[str, Any]) -> Answer:
        if name not in self.keys:
            return _errors(400, f"no existing key named {name} could be found")
        self.keys[name].deletable = body["deletion_allowed"]
        return _data({})

    def _delete(self, name: str) -> Answer:
        if name not in self.keys:
            return _errors(400, f"error deleting policy {name}: could not delete key; not found")
        if not self.keys[name].deletable:
            return _errors(400, f"error deleting policy {name}: deletion is not allowed for this key")
        del self.keys[name]
        return 204, None

    def _use(self, action: str, name: str, body: dict[str, Any]) -> Answer:
        key = self.keys.get(name)
        if key is None:
            return _errors(400, "encryption key not found")
        if key.derived and not body.get("context"):
            return _errors(400, "missing 'context' for key derivation; the key was created using a derived key")
        if self.too_old and action == "decrypt":
            return _errors(400, "ciphertext or signature version is disallowed by policy (too old)")
        cipher = AESGCM(HKDF(SHA256(), 32, None, base64.b64decode(body["context"])).derive(key.secret))
        return _encrypted(cipher, body["plaintext"]) if action == "encrypt" else _decrypted(cipher, body["ciphertext"])


@contextmanager
def transit_server() -> Iterator[Transit]:
    """Start a stand-in."""
    transit = Transit()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_DELETE(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("X-Vault-Token") or ""
            status, told = transit.answer(self.command, self.path, json.loads(body or b"{}"), token)
            content = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        transit.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield transit
        server.shutdown()


def _encrypted(cipher: AESGCM, plaintext: str) -> Answer:
    nonce = os.urandom(12)
    sealed = nonce + cipher.encrypt(nonce, base64.b64decode(plaintext), None)
    return _data({"ciphertext": f"vault:v1:{base64.b64encode(sealed).decode()}", "key_version": 1})


def _decrypted(cipher: AESGCM, ciphertext: str) -> Answer:
    if not ciphertext.startswith("vault:v1:"):
        return _errors(400, "invalid ciphertext: no prefix")
    try:
        sealed = base64.b64decode(ciphertext.removeprefix("vault:v1:"), validate=True)
        return _data({"plaintext": base64.b64encode(cipher.decrypt(sealed[:12], sealed[12:], None)).decode()})
    except (InvalidTag, ValueError):
        return _errors(400, "cipher: message authentication failed")


def _data(data: dict[str, Any]) -> Answer:
    return 200, {"data": data}


def _errors(status: int, *errors: str) -> Answer:
    return status, {"errors": list(errors)}
