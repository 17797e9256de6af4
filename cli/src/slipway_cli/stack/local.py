"""The local stack as an object: started, watched and stopped. The command line, the demo and the tests use it."""

import os
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from slipway.settings import Settings
from slipway_cli.errors import LocalError
from slipway_cli.processes.identity import Identity
from slipway_cli.processes.program import Program
from slipway_cli.processes.supervisor import Listener, StartCancelled, Supervisor
from slipway_cli.processes.watched import ProcessStatus
from slipway_cli.servers.listening import ListeningSocket
from slipway_cli.servers.ports import LOCALHOST
from slipway_cli.servers.postgres import Postgres
from slipway_cli.servers.redis import Redis
from slipway_cli.stack.database import prepare_database
from slipway_cli.stack.environment import local_settings
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.lock import StackLock
from slipway_cli.stack.plan import NEXT_API, Plan, make_plan
from slipway_cli.stack.recovery import recover
from slipway_cli.stack.report import NullReport, Report
from slipway_cli.stack.rolling import RestartRecord
from slipway_cli.stack.services import api_service, model_threads, service, worker_names
from slipway_cli.stack.state import StackState, write_state

__all__ = ["LocalStack", "StartCancelled"]

START_SECONDS = 90.0
RESTART_SIGNAL = signal.SIGUSR1


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
        takes_restarts: bool = False,
    ) -> None:
        """Describe the stack.

        Args:
            var: the folder that holds all that it writes.
            workers: how many worker processes.
            api_port: insist on this port for the API; otherwise the usual one, or a free one if that is taken.
            any_ports: choose free ports for everything, as tests that run side by side need it.
            listener: gets the process table at each change, in another thread.
            takes_restarts: whether this process calls `restart` when it gets `RESTART_SIGNAL`.
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
        self._socket: ListeningSocket | None = None
        self._api = "api"
        self._takes_restarts = takes_restarts
        self._restarts = RestartRecord(self._supervisor.tell)

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

    def pause(self, name: str) -> None:
        """Let one process stand still (SIGSTOP): it lives, holds what it holds, and answers nothing."""
        self._supervisor.pause(name)

    def unpause(self, name: str) -> None:
        """Let a paused process go on (SIGCONT)."""
        self._supervisor.unpause(name)

    def crash_postgres(self) -> None:
        """Let PostgreSQL end at once without tidying up ("immediate shutdown"); it is started again, and recovers."""
        self._supervisor.send("postgres", signal.SIGQUIT)

    def restart(self, report: Report | None = None) -> None:
        """Replace the API, the workers and the scheduler by new processes, one after another, while they are in use.

        Raises:
            LocalError: a new process does not become ready. An API goes on in its old process then.
            StartCancelled: `cancel_start` was called meanwhile.
        """
        self._restarts.run(self._restart, report or NullReport())

    def stop(self) -> None:
        """Stop everything: what takes work first, then what does it, then the servers."""
        self._ready = False
        if self._socket:
            self._socket.close()
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
        self._socket = ListeningSocket(self.settings.api_host, plan.api_port)
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
        self._supervisor.tell()

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
        for name in ("api", *self.workers, "scheduler"):
            self._supervisor.start(self._service(plan, name))

    def _service(self, plan: Plan, name: str) -> Callable[[], Program]:
        metrics_port, drain_seconds = plan.metrics_ports[name], self.settings.drain_seconds
        if name not in ("api", NEXT_API) or self._socket is None:
            threads = model_threads(len(self.workers))
            return partial(
                service, self.folder, name, metrics_port=metrics_port, drain_seconds=drain_seconds, threads=threads
            )
        return partial(
            api_service,
            self.folder,
            port=plan.api_port,
            descriptor=self._socket.descriptor,
            metrics_port=metrics_port,
            drain_seconds=drain_seconds,
        )

    def _restart(self, step: Callable[[str], None]) -> None:
        if self._plan is None or not self._ready:
            raise LocalError("The stack is not up.")
        step("Starting a new API beside the old one.")
        beside = "api" if self._api == NEXT_API else NEXT_API
        successor = self._supervisor.start_successor("api", self._service(self._plan, beside), START_SECONDS)
        step("The new API is ready; the old one finishes its requests.")
        self._supervisor.hand_over("api", successor)
        self._api = beside
        for name in (*self.workers, "scheduler"):
            step(f"Restarting {name}: the old one finishes its work, or gives it back.")
            self._supervisor.stop([name])
            self._supervisor.resume(name)
            self._supervisor.wait_ready(START_SECONDS, [name])

    def _stop_in_order(self) -> None:
        for names in (["api"], ["scheduler"], self.workers, ["redis"], ["postgres"]):
            self._supervisor.stop(names)

    def _record(self, table: Sequence[ProcessStatus]) -> None:
        if self._lock.held:
            ready = self._ready and self._supervisor.ready()
            restart = self._restarts.latest if self._takes_restarts else None
            write_state(self.folder.state, StackState(self._identity, self.api_url, ready, list(table), restart))
        if self._listener:
            self._listener(table)
