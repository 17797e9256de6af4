"""The local stack as an object: started, watched and stopped. The command line, the demo and the tests use it."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Self

from slipway.settings import Settings
from slipway_cli.processes.identity import Identity
from slipway_cli.processes.supervisor import Listener, StartCancelled, Supervisor
from slipway_cli.processes.watched import ProcessStatus, State
from slipway_cli.servers.ports import LOCALHOST
from slipway_cli.servers.postgres import Postgres
from slipway_cli.servers.redis import Redis
from slipway_cli.stack.database import prepare_database
from slipway_cli.stack.environment import local_settings
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.lock import StackLock
from slipway_cli.stack.plan import Plan, make_plan
from slipway_cli.stack.recovery import recover
from slipway_cli.stack.report import NullReport, Report
from slipway_cli.stack.services import service, worker_names
from slipway_cli.stack.state import StackState, write_state

__all__ = ["LocalStack", "StartCancelled"]

START_SECONDS = 90.0


class LocalStack:
    """PostgreSQL, Redis, the API, workers and the scheduler below one `var/`. As a context manager it is up inside."""

    def __init__(
        self,
        var: Path = Path("var"),
        *,
        workers: int = 1,
        api_port: int | None = None,
        any_ports: bool = False,
        listener: Listener | None = None,
    ) -> None:
        """Describe the stack.

        Args:
            var: the folder that holds all that it writes.
            workers: how many worker processes.
            api_port: insist on this port for the API; otherwise the usual one, or a free one if that is taken.
            any_ports: choose free ports for everything, as tests that run side by side need it.
            listener: gets the process table at each change, in another thread.
        """
        self.folder = VarFolder(var)
        self.workers = worker_names(workers)
        self._api_port, self._any_ports = api_port, any_ports
        self._lock = StackLock(self.folder.lock)
        self._supervisor = Supervisor(self._record)
        self._listener = listener
        self._identity = Identity.of(os.getpid())
        self._ready = False
        self._plan: Plan | None = None

    @property
    def settings(self) -> Settings:
        """The settings that reach this stack."""
        return local_settings(self.folder.root)

    @property
    def api_url(self) -> str:
        """Where the API listens; empty before the start."""
        return f"http://{LOCALHOST}:{self._plan.api_port}" if self._plan else ""

    @property
    def processes(self) -> dict[str, ProcessStatus]:
        """The processes by name: `postgres`, `redis`, `api`, `worker` (or `worker-1`, ...), `scheduler`."""
        return {status.name: status for status in self._supervisor.table()}

    def failure(self) -> str | None:
        """Return why a process is no longer started again, if there is such a process."""
        return self._supervisor.failure()

    def start(self, report: Report | None = None) -> None:
        """Bring everything up; the report is told of each step.

        Raises:
            LocalError: something stands in the way; whatever had been started is stopped again.
            StartCancelled: `cancel_start` was called meanwhile; the same.
        """
        self.folder.make()
        self._lock.acquire()
        try:
            self._start(report or NullReport())
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when all processes are ready (again)."""
        self._supervisor.wait_ready(seconds)

    def kill(self, name: str) -> None:
        """Kill one process as a failing machine would; it is started again."""
        self._supervisor.kill(name)

    def halt(self, name: str) -> None:
        """Stop one process; it stays stopped until `resume`."""
        self._supervisor.stop([name])

    def resume(self, name: str) -> None:
        """Start a process that was halted."""
        self._supervisor.resume(name)

    def stop(self) -> None:
        """Stop everything: what takes work first, then what does it, then the servers."""
        self._ready = False
        try:
            self._stop_in_order()
        finally:
            self.end()

    def cancel_start(self) -> None:
        """Make a running `start` give up; safe in a signal handler."""
        self._supervisor.cancel()

    def hurry(self) -> None:
        """Kill the services, so that a running `stop` need not wait for them; safe in a signal handler."""
        for name in ("api", "scheduler", *self.workers):
            self._supervisor.hurry(name)

    def end(self) -> None:
        """Kill whatever still runs, and leave the folder as a stopped stack does."""
        self._supervisor.end()
        if self._lock.held:
            self.folder.state.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _start(self, report: Report) -> None:
        for name in recover(self.folder):
            report.say(f"Stopped {name}: it was left running when an earlier supervisor was killed.")
        plan = self._plan = make_plan(
            self.folder, self.workers, report.say, api_port=self._api_port, any_ports=self._any_ports
        )
        report.step("Starting PostgreSQL and Redis.")
        self._start_redis(plan)
        postgres = self._start_postgres(plan)
        self.wait_ready()
        report.step("Bringing the database to this version.")
        prepare_database(self.settings, postgres.admin_url if postgres else None)
        report.step("Starting the API, the worker and the scheduler.")
        self._start_services(plan)
        self.wait_ready()
        self._ready = True
        self._record(self._supervisor.table())

    def _start_redis(self, plan: Plan) -> None:
        if plan.redis_port:
            redis = Redis(self.folder.redis, plan.redis_port, plan.redis_password, log=self.folder.log("redis"))
            self._supervisor.start(redis.program)

    def _start_postgres(self, plan: Plan) -> Postgres | None:
        if plan.postgres_port is None:
            return None
        postgres = Postgres(self.folder.postgres, plan.postgres_port, log=self.folder.log("postgres"))
        self._supervisor.start(postgres.program)
        return postgres

    def _start_services(self, plan: Plan) -> None:
        drain = self.settings.drain_seconds
        for name, metrics_port in plan.metrics_ports.items():
            port = plan.api_port if name == "api" else metrics_port
            self._supervisor.start(
                partial(service, self.folder, name, port=port, metrics_port=metrics_port, drain_seconds=drain)
            )

    def _stop_in_order(self) -> None:
        for names in (["api"], ["scheduler"], self.workers, ["redis"], ["postgres"]):
            self._supervisor.stop(names)

    def _record(self, table: Sequence[ProcessStatus]) -> None:
        if self._lock.held:
            ready = self._ready and all(status.state is State.READY for status in table)
            write_state(self.folder.state, StackState(self._identity, self.api_url, ready, list(table)))
        if self._listener:
            self._listener(table)
