"""A PostgreSQL server, as seen by the programs that administer it."""

import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Protocol, Self

from infra.backup.errors import BackupError

_PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")


class Server(Protocol):
    """How to reach one as its superuser: row-level security hides no row from a superuser."""

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return what to execute so that a PostgreSQL program runs against the server."""
        ...

    def set_epoch(self, epoch: int) -> None:
        """Let transaction ids go on from `epoch` times 2**32. Restarts the server."""
        ...


def query(server: Server, database: str, sql: str) -> list[str]:
    """Return the rows of a statement, their columns divided by `|`.

    Raises:
        BackupError: the server does not answer, or refuses.
    """
    return run(server.command(*_PSQL, "--dbname", database, "--command", sql)).splitlines()


def run(command: Sequence[str], *, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None) -> str:
    """Run a program to its end, and return its output unless that goes to `stdout`.

    Raises:
        BackupError: it failed; the text ends with what it said.
    """
    ran = subprocess.run(
        command,
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().splitlines()[-5:]
        raise BackupError("\n".join([f"`{' '.join(command)}` failed with exit status {ran.returncode}:", *said]))
    return (ran.stdout or b"").decode()


def counts(tables: Sequence[str]) -> str:
    """Return the statement that counts the rows of tables: a line `table|rows` each. Names are quoted."""
    return " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)  # noqa: S608


def counted(rows: Sequence[str]) -> dict[str, int]:
    """Return the rows by table, from what that statement gave."""
    divided = (row.rpartition("|") for row in rows)
    return {table: int(number) for table, _, number in divided}


class Snapshot:
    """A session that holds one moment of a database: what is read through its name agrees."""

    def __init__(self, server: Server, database: str) -> None:
        self._command = server.command(*_PSQL, "--dbname", database)

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._session = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            self.ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            (self.name,) = self.ask("SELECT pg_export_snapshot()")
        except BaseException:
            self._session.communicate()
            raise
        return self

    def ask(self, sql: str) -> list[str]:
        """Return the rows of a statement, as of that moment.

        Raises:
            BackupError: the server refused it, or is gone.
        """
        assert self._session.stdin, "it was opened with a pipe"  # noqa: S101  # for the type checker
        assert self._session.stdout, "it was opened with a pipe"  # noqa: S101  # for the type checker
        try:
            self._session.stdin.write(f"{sql};\n\\echo {_END}\n".encode())
            self._session.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        rows: list[str] = []
        for line in self._session.stdout:
            if (row := line.decode().rstrip("\n")) == _END:
                return rows
            rows.append(row)
        raise self._ended()

    def _ended(self) -> BackupError:
        assert self._session.stderr, "it was opened with a pipe"  # noqa: S101  # for the type checker
        return BackupError(f"PostgreSQL ended the session: {self._session.stderr.read().decode(errors='replace')}")

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.communicate()


_END = "-- end of the rows --"
