"""Runs the review, on request and on schedule, and keeps its reports."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from slipway import clock
from slipway.evidence import Evidence, Line
from slipway.review.checks import CHECKS, Check, Reviewed
from slipway.review.schemas import Report
from slipway.telemetry import catalogue
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics

REVIEWS = "reviews"
"""The stream of evidence that the reports are lines of."""
LOOK_SECONDS = 3600.0
"""How often a worker looks whether a review is due."""

log = get_logger(__name__)


async def review(of: Reviewed, evidence: Evidence, checks: Iterable[Check] = CHECKS) -> Report:
    """Ask every question, keep the report as a signed line of evidence, and return it.

    Raises:
        Unavailable: the database does not answer.
        EvidenceError: the report cannot be kept.
        BrokenEvidenceError: reports that were there have vanished.
    """
    report = Report(clock.now(), tuple([await check(of) for check in checks]))
    await asyncio.to_thread(evidence.append, REVIEWS, report.body())
    log.info("privacy.reviewed", count=report.findings)
    return report


class ReviewSchedule:
    """What a worker does again and again: a review, if none has been for long, and the metrics of the newest."""

    def __init__(self, of: Reviewed, evidence: Evidence, metrics: Metrics) -> None:
        self._of = of
        self._evidence = evidence
        self._metrics = metrics
        self._period = timedelta(days=of.settings.privacy_review_days)
        metrics.set(catalogue.PRIVACY_REVIEW_TIME, 0)

    async def run(self) -> None:
        """Review if it is time. Two workers may do so at once: then there are two reports. Raises as `review`."""
        newest = await self._newest()
        if newest is None or clock.now() - newest.at >= self._period:
            await review(self._of, self._evidence)
            newest = await self._newest()
        if newest is not None:
            self._metrics.set(catalogue.PRIVACY_REVIEW_FINDINGS, newest.body["findings"])
            self._metrics.set(catalogue.PRIVACY_REVIEW_TIME, newest.at.timestamp())

    async def _newest(self) -> Line | None:
        return await asyncio.to_thread(self._evidence.newest, REVIEWS)
