"""The composed stack, as a backup sees it: two PostgreSQL servers, and a store of secrets."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from infra.backup.evidence import packed
from infra.backup.server import run

SERVERS = {"postgres": "slipway", "unleash-db": "unleash"}
"""The services that hold what cannot be made again, and their databases."""

_SECRETS = "/secrets/setup/secrets.json"
_READ = f"import pathlib, sys; sys.stdout.buffer.write(pathlib.Path('{_SECRETS}').read_bytes())"
_WRITE = f"""
import os, sys
os.makedirs(os.path.dirname('{_SECRETS}'), 0o700, exist_ok=True)
with open('{_SECRETS}', 'xb', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
    file.write(sys.stdin.buffer.read())
"""
_KEEPER = "keys-backup"
"""The service that keeps the newest backup of the tenants' wrapped keys."""
_WRAPPED = "/backups/slipway.keys"
_READ_WRAPPED = _READ.replace(_SECRETS, _WRAPPED)
_WRITE_WRAPPED = f"""
import os, sys
with open('{_WRAPPED}.new', 'wb', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
    file.write(sys.stdin.buffer.read())
os.replace('{_WRAPPED}.new', '{_WRAPPED}')
"""
_EVIDENCE = "/volumes/evidence"
_READ_EVIDENCE = f"import sys, tarfile; tarfile.open(fileobj=sys.stdout.buffer, mode='w|').add('{_EVIDENCE}', '.')"
_WRITE_EVIDENCE = f"""
import sys, tarfile
with tarfile.open(fileobj=sys.stdin.buffer, mode='r|') as content:
    content.extractall('{_EVIDENCE}', numeric_owner=True, filter='tar')
"""
_AS_SUPERUSER = 'PGUSER="${POSTGRES_USER:-postgres}" exec "$0" "$@"'


class Stack:
    """A project of docker compose: that of this folder, unless COMPOSE_PROJECT_NAME or COMPOSE_FILE say otherwise."""

    def __call__(self, *arguments: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None) -> str:
        """Run `docker compose` with these arguments, and return its output.

        Raises:
            BackupError: it failed; the text ends with what it said.
        """
        return run(["docker", "compose", "--progress", "quiet", *arguments], stdin=stdin, stdout=stdout)

    def configuration(self) -> dict[str, Any]:
        """Return what the compose file comes to."""
        found: dict[str, Any] = json.loads(self("config", "--format", "json"))
        return found

    def volumes(self) -> list[str]:
        """Return the names of the project's volumes that are there."""
        label = f"label=com.docker.compose.project={self.configuration()['name']}"
        return run(["docker", "volume", "ls", "--quiet", "--filter", label]).splitlines()

    def save_secrets(self, file: IO[bytes]) -> None:
        """Write every secret of the stack to a file: the keys that open the data are among them."""
        self._in_setup(_READ, stdout=file)

    def put_secrets(self, path: Path) -> None:
        """Give a stack that has no secrets yet those of a file."""
        with path.open("rb") as file:
            self._in_setup(_WRITE, stdin=file)

    def save_evidence(self, file: IO[bytes]) -> None:
        """Write to a file, as a tar, what must outlive the database: who was erased, how far the audit log goes."""
        self._in_setup(_READ_EVIDENCE, stdout=file)

    def put_evidence(self, source: Path) -> None:
        """Give a stack that has none the evidence of a folder, or of a file that `save_evidence` has written."""
        with packed(source) as file:
            self._in_setup(_WRITE_EVIDENCE, stdin=file)

    def _in_setup(self, program: str, *, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None) -> None:
        inside = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "python", "setup", "-c", program)
        self(*inside, stdin=stdin, stdout=stdout)

    def save_wrapped_keys(self, file: IO[bytes]) -> None:
        """Back up the tenants' wrapped keys inside the stack, and write that backup to a file."""
        self("run", "--rm", "-T", _KEEPER, "keys", "backup", _WRAPPED)
        self("run", "--rm", "--no-deps", "-T", "--entrypoint", "python", _KEEPER, "-c", _READ_WRAPPED, stdout=file)

    def put_wrapped_keys(self, path: Path) -> str:
        """Lay a backup of the wrapped keys over those of the restored database; return what the command says of it.

        PostgreSQL runs, and nothing else that knows the keys.
        """
        with path.open("rb") as file:
            self("run", "--rm", "--no-deps", "-T", "--entrypoint", "python", _KEEPER, "-c", _WRITE_WRAPPED, stdin=file)
        return self("run", "--rm", "-T", _KEEPER, "keys", "restore", _WRAPPED).strip()


@dataclass(frozen=True, slots=True)
class ComposeServer:
    """A PostgreSQL server of the stack, reached over the socket inside its container."""

    stack: Stack
    service: str

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return what to execute so that a PostgreSQL program runs in the server's container, as its superuser."""
        inside = ("exec", "-T", "--user", "postgres", self.service, "sh", "-c", _AS_SUPERUSER)
        return ["docker", "compose", *inside, program, *arguments]

    def set_epoch(self, epoch: int) -> None:
        """Stop the server, let transaction ids go on from `epoch` times 2**32, and start it again."""
        self.stack("stop", self.service)
        alone = ("run", "--rm", "--no-deps", "-T", "--user", "postgres", "--entrypoint", "sh", self.service)
        self.stack(*alone, "-c", f'exec pg_resetwal --epoch={epoch} "$PGDATA"')
        self.stack("up", "--detach", "--wait", "--no-deps", self.service)
