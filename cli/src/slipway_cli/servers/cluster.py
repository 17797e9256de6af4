"""The data folder of a PostgreSQL server (a "cluster"): made in one step, checked, and freed of dead locks."""

import contextlib
import os
import secrets
import shutil
import signal
from pathlib import Path

import psutil

from slipway_cli.errors import LocalError
from slipway_cli.processes.account import Account, give
from slipway_cli.processes.child import Child
from slipway_cli.processes.family import kill_all, stop_all
from slipway_cli.processes.program import Program

MAJOR = "18"
SUPERUSER = "postgres"
_PASSWORD_FILE = "superuser.password"  # noqa: S105  # a name
_PARTS = ("PG_VERSION", "postgresql.conf", "pg_hba.conf", "global/pg_control", "base", "pg_wal", _PASSWORD_FILE)
_STOP_SECONDS = 15.0


class Cluster:
    """A data folder. It is either absent or whole: it is made beside its place and renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exists(self) -> bool:
        """Tell whether there is a data folder.

        Raises:
            LocalError: there is one, and it is damaged or of another version.
        """
        if not self.folder.exists():
            return False
        if not os.access(self.folder, os.R_OK | os.X_OK):
            raise LocalError(
                f"{self.folder} belongs to another user (uid {self.folder.stat().st_uid}). If `slipway up` ran as root "
                "before, run it as root again, or remove the folder as root."
            )
        if not any(self.folder.iterdir()):
            return False
        missing = [part for part in _PARTS if not (self.folder / part).exists()]
        aside = f"mv {self.folder} {self.folder}.broken"
        if missing:
            raise LocalError(
                f"{self.folder} is half-written: {', '.join(missing)} is missing. If nothing in it is of worth, put it "
                f"aside and start again: {aside}"
            )
        if (version := (self.folder / "PG_VERSION").read_text().strip()) != MAJOR:
            raise LocalError(
                f"{self.folder} was written by PostgreSQL {version}, and this is {MAJOR}. Dump it with the old version "
                f"(pg_dumpall), or put it aside and start again: {aside}"
            )
        return True

    def password(self) -> str:
        """Return the superuser's password."""
        return (self.folder / _PASSWORD_FILE).read_text()

    def initialise(self, binaries: Path, account: Account | None, log: Path, *, durable: bool) -> None:
        """Make the data folder. An interruption leaves nothing that a later try would trip over."""
        fresh = self.folder.with_name(f"{self.folder.name}.initialising")
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.folder.with_name(f"{self.folder.name}.{_PASSWORD_FILE}")
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(32))
        give(password, account)
        fresh.mkdir(mode=0o700, parents=True)
        give(fresh, account)
        options = ["--username", SUPERUSER, "--pwfile", str(password), "--auth=scram-sha-256", "--encoding=UTF8"]
        options += ["--locale=C", "--no-instructions", *([] if durable else ["--no-sync"])]
        Child(
            Program(
                name="initdb",
                command=(str(binaries / "initdb"), "--pgdata", str(fresh), *options),
                log=log,
                environment={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                account=account,
                reach=(binaries / "initdb", fresh),
            )
        ).succeed()
        password.rename(fresh / _PASSWORD_FILE)
        if self.folder.exists():
            self.folder.rmdir()
        fresh.rename(self.folder)

    def running(self) -> psutil.Process | None:
        """Return the server that runs on this folder, whoever started it.

        A process id alone proves nothing, as ids are used again: the process must also work in this folder.
        """
        lock = self.folder / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(int(lock.read_text().split()[0]))
            if self._works_here(process):
                return process
        return None

    def stop_running(self) -> None:
        """Stop a server that was left running on this folder."""
        if server := self.running():
            stop_all([server], signal.SIGINT, _STOP_SECONDS)

    def remove_dead_lock(self) -> None:
        """Free a folder whose server did not end in good order; its other processes go too.

        Raises:
            LocalError: a server runs on this folder.
        """
        lock = self.folder / "postmaster.pid"
        if not lock.exists():
            return
        if server := self.running():
            raise LocalError(f"PostgreSQL already runs on {self.folder} (pid {server.pid}).")
        kill_all([process for process in psutil.process_iter() if self._works_here(process)])
        lock.unlink(missing_ok=True)

    def _works_here(self, process: psutil.Process) -> bool:
        try:
            return process.name().startswith("postgres") and Path(process.cwd()) == self.folder.resolve()
        except psutil.Error:
            return False
