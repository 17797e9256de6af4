"""Carries out the planned faults, and notes what each of them hit."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import psutil
import psycopg
import redis

from chaos.schedule import Fault, Kind
from chaos.stage import Stage
from chaos.window import Held
from slipway_cli.processes.watched import ProcessStatus, State

AIM_SECONDS = 20.0
"""Longest wait, from a fault's time on, for something that it can hit. Kills of workers do not wait."""
_LOOK_SECONDS = 0.05
_GRACE_SECONDS = 3.0
"""Until clients and pools have noticed that a server is back."""
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault that was injected."""

    kind: Kind
    at: float
    """Unix time."""
    until: float
    """Unix time at which what it broke was whole again."""
    target: str
    hit: int
    """Running chunks that it could affect: of one worker its own, of a server all. For a stopped worker, those that it
    had lost when it woke."""
    note: str = ""


class Saboteur:
    """Breaks things, one fault at a time or several at once."""

    def __init__(
        self, stage: Stage, upload: Callable[[Callable[[], Awaitable[None]]], Awaitable[int]], *, spare: bool
    ) -> None:
        """Take what to break, and the upload that an API kill cuts off: it is told how to kill, and says how many
        messages of it were stored when it did. With `spare` the only worker that is ready is not killed.
        """
        self._stack, self._window = stage.stack, stage.window
        self._redis_url = stage.stack.settings.redis_url.get_secret_value()
        self._upload = upload
        self._spare = spare
        self._asleep: set[str] = set()
        self._servers = asyncio.Lock()
        self.injected: list[Injected] = []

    async def carry_out(self, faults: Sequence[Fault], start: float) -> None:
        """Inject faults at their times after `start`, a monotonic time, and return when the last one is over."""
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                group.create_task(self._inject(fault, start))

    def outages(self) -> list[tuple[float, float]]:
        """Return when the API or PostgreSQL was down, with some grace."""
        servers = (Kind.API_KILL, Kind.POSTGRES_RESTART)
        return [(done.at - 0.5, done.until + _GRACE_SECONDS) for done in self.injected if done.kind in servers]

    async def _inject(self, fault: Fault, start: float) -> None:
        await asyncio.sleep(max(0.0, start + fault.at - time.monotonic()))
        ways: dict[Kind, Callable[[Fault], Awaitable[Injected]]] = {
            Kind.WORKER_KILL: self._kill_worker,
            Kind.WORKER_STOP: self._stop_worker,
            Kind.REDIS_KILL: self._kill_redis,
            Kind.REDIS_FLUSH: self._flush_redis,
            Kind.REDIS_OUTAGE: self._take_redis_away,
            Kind.POSTGRES_RESTART: self._restart_postgres,
            Kind.API_KILL: self._kill_api,
        }
        if fault.kind in (Kind.WORKER_KILL, Kind.WORKER_STOP):
            self.injected.append(await ways[fault.kind](fault))
            return
        # One server at a time, so that what follows is that server's doing.
        async with self._servers:
            await self._wait_for("api", "postgres", "redis")
            self.injected.append(await ways[fault.kind](fault))

    async def _kill_worker(self, fault: Fault) -> Injected:
        at = time.time()
        victim = self._victim(fault.pick, *([State.READY] if self._spare else []), least=2 if self._spare else 1)
        if victim is None:
            return Injected(fault.kind, at, at, "none", 0, "spared: there were too few")
        # Frozen first: what it holds when it dies is then known exactly.
        held = await self._freeze(victim)
        _signal(victim, signal.SIGKILL)
        self._asleep.discard(victim.name)
        return Injected(fault.kind, at, at, victim.name, len(held))

    async def _stop_worker(self, fault: Fault) -> Injected:
        give_up = time.monotonic() + AIM_SECONDS
        turn = 0
        while time.monotonic() < give_up:
            victim, at = self._victim((fault.pick + turn * 0.37) % 1, State.READY), time.time()
            turn += 1
            if victim is not None and (held := await self._freeze(victim)):
                try:
                    await asyncio.sleep(fault.seconds)
                    lost = await self._lost(held)
                finally:
                    self._wake(victim)
                return Injected(fault.kind, at, time.time(), victim.name, lost)
            if victim is not None:
                self._wake(victim)
            await asyncio.sleep(_LOOK_SECONDS)
        return Injected(fault.kind, time.time(), time.time(), "none", 0, "no worker held a chunk")

    async def _kill_redis(self, fault: Fault) -> Injected:
        running, at = await self._aim(), time.time()
        until = await self._shoot("redis", signal.SIGKILL)
        return Injected(fault.kind, at, until, "redis", running)

    async def _flush_redis(self, fault: Fault) -> Injected:
        running, at = await self._aim(), time.time()
        try:
            with redis.Redis.from_url(self._redis_url, socket_timeout=2) as server:
                await asyncio.to_thread(server.flushall)
        except redis.RedisError as error:
            return Injected(fault.kind, at, at, "redis", 0, f"not flushed: {type(error).__name__}")
        return Injected(fault.kind, at, at, "redis", running)

    async def _take_redis_away(self, fault: Fault) -> Injected:
        running, at = await self._aim(), time.time()
        await asyncio.to_thread(self._stack.halt, "redis")
        await asyncio.sleep(fault.seconds)
        until = time.time()
        await asyncio.to_thread(self._stack.resume, "redis")
        await self._wait_for("redis")
        return Injected(fault.kind, at, until, "redis", running)

    async def _restart_postgres(self, fault: Fault) -> Injected:
        running, at = await self._aim(), time.time()
        until = await self._shoot("postgres", signal.SIGQUIT)
        return Injected(fault.kind, at, until, "postgres", running)

    async def _kill_api(self, fault: Fault) -> Injected:
        times = [0.0, 0.0]

        async def kill() -> None:
            times[0] = time.time()
            times[1] = await self._shoot("api", signal.SIGKILL)

        stored = await self._upload(kill)
        return Injected(fault.kind, times[0], times[1], "api", stored, "hit: messages stored of the upload")

    def _victim(self, pick: float, *states: State, least: int = 1) -> ProcessStatus | None:
        """Return a worker that runs and is not frozen, in one of these states if any are given, of `least` or more."""
        processes = [self._stack.processes[name] for name in self._stack.workers]
        awake = [found for found in processes if found.pid and found.name not in self._asleep]
        fit = [found for found in awake if not states or found.state in states]
        return fit[int(pick * len(fit))] if len(fit) >= least else None

    async def _freeze(self, victim: ProcessStatus) -> Held:
        """Stop a worker, and return what it holds."""
        self._asleep.add(victim.name)
        _signal(victim, signal.SIGSTOP)
        try:
            return await asyncio.to_thread(self._held, victim)
        except (psycopg.Error, psutil.Error):
            return []

    def _held(self, victim: ProcessStatus) -> Held:
        connections = psutil.Process(victim.pid).net_connections("tcp")
        return self._window.held([connection.laddr.port for connection in connections])

    def _wake(self, victim: ProcessStatus) -> None:
        _signal(victim, signal.SIGCONT)
        self._asleep.discard(victim.name)

    async def _lost(self, held: Held) -> int:
        """Return how many leases were taken away, as soon as that has happened to one."""
        give_up = time.monotonic() + AIM_SECONDS
        while time.monotonic() < give_up:
            with contextlib.suppress(psycopg.Error):  # down by another fault: look again
                if lost := len(held) - await asyncio.to_thread(self._window.still_held, held):
                    return lost
            await asyncio.sleep(_LOOK_SECONDS)
        return 0

    async def _aim(self) -> int:
        """Return how many chunks run, as soon as there is one."""
        give_up = time.monotonic() + AIM_SECONDS
        while time.monotonic() < give_up:
            with contextlib.suppress(psycopg.Error):  # down by another fault: look again
                if running := await asyncio.to_thread(self._window.running):
                    return running
            await asyncio.sleep(_LOOK_SECONDS)
        return 0

    async def _wait_for(self, *names: str) -> None:
        """Return when these processes are ready."""
        give_up = time.monotonic() + _START_SECONDS
        while any(self._stack.processes[name].state is not State.READY for name in names):
            if time.monotonic() > give_up:
                raise RuntimeError(f"Not ready within {_START_SECONDS:.0f} s: {' or '.join(names)}.")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _shoot(self, name: str, how: signal.Signals) -> float:
        """Send a signal that ends a process, and return the Unix time at which it was ready again."""
        before = self._stack.processes[name]
        _signal(before, how)
        give_up = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up:
            now = self._stack.processes[name]
            if now.pid not in (None, before.pid) and now.state is State.READY:
                return time.time()
            await asyncio.sleep(_LOOK_SECONDS)
        raise RuntimeError(f"{name} was not ready within {_START_SECONDS:.0f} s of signal {how.name}.")


def _signal(process: ProcessStatus, number: signal.Signals) -> None:
    # By its identity: the pid of a process that has died meanwhile may be another's.
    if process.identity and (found := process.identity.find()):
        os.kill(found.pid, number)
