"""The worker's engine: claim (commit), predict with no transaction open, finish (commit).

Whatever is killed between any two lines loses nothing: an unfinished chunk's lease runs out and the sweeper hands the
chunk back. Whatever runs twice writes once: only the holder of the newest token passes the fence.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from pydantic import BaseModel

from slipway.composition import Platform
from slipway.errors import Unavailable
from slipway.flags import Flag
from slipway.jobs import leasing, queue
from slipway.jobs.barring import Barred, unbarred
from slipway.jobs.lanes import Lanes
from slipway.jobs.lease import kept
from slipway.jobs.losses import Fate, lose
from slipway.jobs.schemas import Answer, Claim, ItemState, SealedItem
from slipway.jobs.sealing import ItemSealer
from slipway.keys.schemas import Keyset
from slipway.serving.predictor import Result
from slipway.telemetry import catalogue, spans
from slipway.telemetry.logs import get_logger
from slipway.telemetry.tracing import annotate, untraced
from slipway.workload import Failure

_LANES = 2
"""Chunks in hand at a time."""

log = get_logger(__name__)


class Consumer:
    """Works on chunks, one turn at a time."""

    def __init__(self, platform: Platform) -> None:
        self._database = platform.database
        self._keyring = platform.keyring
        self._workload = platform.workload
        self._models = platform.models
        self._flags = platform.flags
        self._settings = platform.settings
        self._metrics = platform.metrics
        self._tracing = platform.tracing
        self._turn = asyncio.Lock()
        self._draining = False
        self._held: dict[tuple[int, int], Claim] = {}

    def drain(self) -> None:
        """Start nothing new: the turn ends with the chunks in hand."""
        self._draining = True

    async def turn(self) -> bool:
        """Work until nothing waits or the turn is over; return whether there may be more to do, for this worker."""
        async with self._turn:
            await self.give_back()
            end = time.monotonic() + self._settings.turn_seconds
            async with Lanes(_LANES) as lanes:
                while self._may_claim() and time.monotonic() < end:
                    began = time.time_ns()
                    claimed = await self._claim(busy=lanes.busy)
                    if claimed is None:
                        return False
                    work = partial(self._work, claimed, began, time.time_ns())
                    # One that was lost before may crash the process: nothing else should be blamed for it.
                    await lanes.run(work, alone=claimed.suspect)
            return self._may_claim()

    async def give_back(self) -> None:
        """Hand back what a cancelled or failed turn left in hand; those attempts do not count. No turn may run."""
        for claimed in list(self._held.values()):
            if await queue.give_back(self._database, claimed, 0.0):
                self._count("given_back")
            self._held.pop(claimed.key, None)

    def _may_claim(self) -> bool:
        return not self._draining and self._flags.is_enabled(Flag.JOB_PROCESSING)

    async def _claim(self, *, busy: bool) -> Claim | None:
        lease = self._settings.lease_seconds
        with untraced():  # whose trace it belongs to is known afterwards
            claimed = await leasing.claim(self._database, self._workload.name, lease, busy=busy)
        if claimed is not None:
            self._held[claimed.key] = claimed
            self._count("claimed")
        return claimed

    async def _work(self, claimed: Claim, began: int, ended: int) -> None:
        """Work on a chunk whose claim took from `began` to `ended`, in nanoseconds since 1970."""
        ids = {"job_id": str(claimed.job_id), "tenant": str(claimed.tenant_id)}
        with self._tracing.continue_trace(claimed.traceparent, spans.CHUNK, began=began, **ids):
            self._tracing.add(spans.CHUNK_CLAIM, began, ended)
            begun = await self._begin(claimed)
            if begun is not None:
                annotate(attempt=begun.attempts)
                async with kept(self._database, begun, self._settings.lease_seconds):
                    await self._answer(begun)
        self._held.pop(claimed.key, None)

    async def _begin(self, claimed: Claim) -> Claim | None:
        if claimed.begun:
            return claimed
        begun = await leasing.begin(self._database, claimed, self._settings.lease_seconds)
        if begun is None:
            self._count("stale")
        else:
            self._held[claimed.key] = begun
        return begun

    async def _answer(self, claimed: Claim) -> None:
        try:
            await self._keyring.keyset(claimed.tenant_id)
        except Exception as error:  # noqa: BLE001  # whatever ails the key provider, it is not the chunk's fault
            await self._postpone(claimed, error)
            return
        try:
            answers, again = await self._attempt(claimed)
        except Unavailable:
            raise
        except Barred:
            self._count("given_back" if await queue.give_back(self._database, claimed, 0.0) else "stale")
            return
        except Exception as error:  # noqa: BLE001  # whatever is wrong with this chunk must not hold up the others
            await self._lost(claimed, error)
            return
        if again and claimed.single:
            await self._lost(claimed, None)
        else:
            await self._finish(claimed, answers, again)

    async def _attempt(self, claimed: Claim) -> tuple[list[Answer], list[int]]:
        """Return what to write, and the ordinals of the items that should be tried again."""
        with self._tracing.span(spans.CHUNK_READ):
            sealer, items, inputs = await self._keyring.read(claimed.tenant_id, partial(self._read, claimed))
        allowed = [item for item in items if item.refusal is None]
        with self._tracing.span(spans.CHUNK_PREDICT, inputs=len(inputs)):
            async with unbarred(self._database, claimed, allowed):
                results = list(zip(allowed, await self._predict(claimed, inputs), strict=True))
        answers = [sealer.seal_result(item, result) for item, result in results if not self._may_retry(claimed, result)]
        answers += [sealer.seal_refusal(item, item.refusal) for item in items if item.refusal is not None]
        again = [item.ordinal for item, result in results if self._may_retry(claimed, result)]
        return answers, again

    async def _predict(self, claimed: Claim, inputs: list[BaseModel]) -> list[Result]:
        return await self._models.of(claimed.tenant_id).predict(inputs) if inputs else []

    async def _read(self, claimed: Claim, keyset: Keyset) -> tuple[ItemSealer, list[SealedItem], list[BaseModel]]:
        sealer, items = ItemSealer(keyset, claimed.job_id), await leasing.read_inputs(self._database, claimed)
        allowed = (item for item in items if item.refusal is None)
        return sealer, items, [sealer.open_input(item, self._workload.Input) for item in allowed]

    async def _postpone(self, claimed: Claim, error: Exception) -> None:
        log.error("chunk.postponed", job_id=str(claimed.job_id), reason=type(error).__name__)
        await queue.give_back(self._database, claimed, self._settings.poll_seconds)
        self._count("given_back")

    async def _finish(self, claimed: Claim, answers: Sequence[Answer], again: Sequence[int]) -> None:
        delay = queue.backoff(claimed.attempts)
        with self._tracing.span(spans.CHUNK_FINISH, inputs=len(answers)):
            held = await leasing.finish(self._database, claimed, answers, again, delay)
        self._count("finished" if held else "stale")
        if held:
            self._metrics.observe(catalogue.CHUNK_ATTEMPTS, claimed.attempts)
            self._count_items(answers)
            log.info("chunk.finished", job_id=str(claimed.job_id), tenant=str(claimed.tenant_id), count=len(answers))

    def _may_retry(self, claimed: Claim, result: Result) -> bool:
        if not (isinstance(result, Failure) and result.retryable):
            return False
        return not claimed.single or claimed.attempts < self._settings.max_attempts

    async def _lost(self, claimed: Claim, error: Exception | None) -> None:
        # An input that says itself that it may be tried again will crash nothing.
        fate = await lose(self._database, claimed, self._settings.max_attempts, suspect=error is not None)
        self._count("stale" if fate is Fate.GONE else "lost")
        if fate is Fate.DEAD:
            self._metrics.observe(catalogue.CHUNK_ATTEMPTS, claimed.attempts)
            self._metrics.inc(catalogue.ITEMS_FINISHED, outcome=ItemState.DEAD)
        log.warning(
            "chunk.lost",
            job_id=str(claimed.job_id),
            tenant=str(claimed.tenant_id),
            attempt=claimed.attempts,
            outcome=fate,
            reason=type(error.__cause__ or error).__name__ if error else "retryable",
            exc_info=error,
        )

    def _count(self, outcome: str) -> None:
        self._metrics.inc(catalogue.CHUNKS_HANDLED, outcome=outcome)

    def _count_items(self, answers: Sequence[Answer]) -> None:
        workload = self._workload.name
        for state, outcome in ((ItemState.SUCCEEDED, "succeeded"), (ItemState.DEAD, "failed")):
            of_state = [answer for answer in answers if answer.state is state]
            predicted = sum(1 for answer in of_state if answer.refusal is None)
            self._metrics.inc(catalogue.ITEMS_FINISHED, len(of_state), outcome=state)
            self._metrics.inc(catalogue.INPUTS_PREDICTED, predicted, workload=workload, channel="job", outcome=outcome)
        for reason in (answer.refusal for answer in answers if answer.refusal is not None):
            self._metrics.inc(catalogue.INPUTS_REFUSED, workload=workload, channel="job", reason=reason)
