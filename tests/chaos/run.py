"""One run, from the plan to the verdict."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from unruly import HANG, POISON, SLOW

from chaos.audit import Account, audit
from chaos.bars import afterwards, redis_bars
from chaos.client import NDJSON, lines
from chaos.evidence import read_notes, read_results, read_tables
from chaos.faults import Saboteur
from chaos.model import expected_answers
from chaos.options import Options
from chaos.orders import JobOrder, plan_orders, texts
from chaos.records import Records, unexcused
from chaos.report import LATE_SECONDS, Outcome
from chaos.schedule import Fault, Kind, plan_faults
from chaos.stage import Stage, open_stage
from chaos.traffic import Traffic
from chaos.watch import Watch, said_at, say

_PATIENCE_SECONDS = LATE_SECONDS + 60.0
"""How long the end is waited for: longer than allowed, so that late is told from never."""
_CALIBRATION_MESSAGES = 2_000
_KINDS = {POISON: Kind.POISON, HANG: Kind.HANGING_CALL, SLOW: Kind.SLOW_CALL}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do."""

    options: Options
    faults: Sequence[Fault]
    orders: Sequence[JobOrder]


def run(options: Options, folder: Path) -> Outcome:
    """Play a run on a stack below `folder`."""
    with open_stage(options, folder) as stage:
        said_at(f"The stack is up: {stage.stack.api_url}, {options.workers} workers.")
        return asyncio.run(_play(options, stage))


async def _play(options: Options, stage: Stage) -> Outcome:
    if not options.duration:
        options = options.lasting(await _capacity(stage))
    plan = Plan(options, plan_faults(options), plan_orders(options))
    _announce(plan)
    records = Records()
    traffic, watch = Traffic(stage, options, records), Watch(stage.window, records)
    try:
        return await _judge(plan, stage, records, watch, *await _perform(plan, stage, traffic, watch))
    finally:
        await traffic.aclose()


def _announce(plan: Plan) -> None:
    messages = sum(order.size for order in plan.orders)
    say(f"Seed {plan.options.seed}: {len(plan.orders)} jobs, {messages:,} messages, {plan.options.duration:.0f} s.")
    for fault in plan.faults:
        lasting = f" for {fault.seconds:.0f} s" if fault.seconds else ""
        say(f"  {fault.at:7.2f} s  {fault.kind}{lasting}")


async def _capacity(stage: Stage) -> float:
    """Return how many messages a second the stack answers that nothing disturbs."""
    order = JobOrder(0, 0.0, 0, 0, ndjson=True, size=_CALIBRATION_MESSAGES, priority=5)
    headers = {"Authorization": f"Bearer {stage.tokens[0][0]}", "Content-Type": NDJSON}
    async with httpx.AsyncClient(base_url=stage.stack.api_url, headers=headers, timeout=60) as http:
        answer = await http.post("/v1/jobs", content=lines(texts(0, order)))
        path, began = answer.raise_for_status().headers["Location"], time.monotonic()
        while (await http.get(path)).json()["state"] != "completed":
            await asyncio.sleep(0.1)
        rate = _CALIBRATION_MESSAGES / (time.monotonic() - began)
        (await http.delete(path)).raise_for_status()
    say(f"Capacity: {rate:.0f} messages a second.")
    return rate


async def _perform(plan: Plan, stage: Stage, traffic: Traffic, watch: Watch) -> tuple[Saboteur, float, float | None]:
    """Play traffic and faults; return who did it, the Unix time of the start, and how late the last job was."""
    (cut,) = [order for order in plan.orders if order.interrupted]
    playing: list[asyncio.Task[None]] = []

    async def upload(kill: Callable[[], Awaitable[None]]) -> int:
        stored, settled = await traffic.interrupted(cut, kill)
        playing.append(settled)
        return stored

    saboteur = Saboteur(stage, upload, spare=plan.options.spare)
    start, clock = time.time(), time.monotonic()
    beside = [asyncio.create_task(traffic.trickle()), asyncio.create_task(watch.look())]
    try:
        playing.append(asyncio.create_task(traffic.play(list(plan.orders), clock)))
        await saboteur.carry_out(plan.faults, clock)
        last = max(done.until for done in saboteur.injected)
        said_at(f"The last fault is over, {time.time() - start:.0f} s after the start.")
        late = await _wait_terminal(stage, playing, last)
        traffic.stop()
        await asyncio.gather(*playing, beside[0])
        return saboteur, start, late
    finally:
        traffic.stop()
        for task in [*playing, *beside]:
            task.cancel()
        await asyncio.gather(*playing, *beside, return_exceptions=True)


async def _wait_terminal(stage: Stage, playing: list["asyncio.Task[None]"], last: float) -> float | None:
    """Return how many seconds after `last` every client was settled and every job terminal; None: never."""
    while time.time() - last < _PATIENCE_SECONDS:
        if all(task.done() for task in playing):
            for task in playing:
                task.result()
            with contextlib.suppress(psycopg.Error):
                if not await asyncio.to_thread(stage.window.open_jobs):
                    return time.time() - last
        await asyncio.sleep(0.2)
    return None


async def _judge(
    plan: Plan, stage: Stage, records: Records, watch: Watch, saboteur: Saboteur, start: float, late: float | None
) -> Outcome:
    said_at("Auditing.")
    seed, down = plan.options.seed, saboteur.outages()
    failure = stage.stack.failure()
    notes, results = read_notes(stage), await read_results(stage, records)
    tables = await asyncio.to_thread(read_tables, stage.window)
    expected = await asyncio.to_thread(expected_answers, seed, records, 100 if plan.options.quick else 2_000)
    said_at("Looking at the other bars.")
    findings = audit(Account(seed, records, tables, notes, results, expected))
    bars = redis_bars(saboteur.injected, records, watch, down)
    bars += await afterwards(stage, fairness=not plan.options.quick)
    said_at("Stopping the stack.")
    return Outcome(
        options=plan.options,
        plan=plan.faults,
        start=start,
        injected=saboteur.injected,
        carried=Counter(_KINDS[note.what] for note in notes),
        findings=findings,
        bars=bars,
        late_s=late,
        unexcused=unexcused(records.calls, down),
        calls=records.calls,
        samples=watch.samples,
        failure=failure,
    )
