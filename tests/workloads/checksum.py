"""A workload that has little in common with triage: async, slow, bytes in, failing for some inputs."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from slipway.workload import Failure, PrivacyClass, Workload, data_subject, personal


class Scan(BaseModel):
    """A scanned page. What it should do to the workload is said by its first bytes."""

    model_config = ConfigDict(extra="forbid", val_json_bytes="base64", ser_json_bytes="base64")

    page: Annotated[bytes, Field(min_length=1, max_length=4096), personal(PrivacyClass.SPECIAL)]
    patient: Annotated[str | None, personal(PrivacyClass.IDENTIFIER), data_subject()] = None


class Digest(BaseModel):
    """Its SHA-256."""

    sha256: str


class Checksum(Workload[Scan, Digest]):
    """Takes 10 ms a batch; `bad` fails, `busy` fails and may be tried again, `crash` raises, `hang` hangs."""

    name = "checksum"
    Input = Scan
    Output = Digest
    max_batch: ClassVar[int] = 8
    time_limit: ClassVar[float] = 3.0
    seen: ClassVar[list[bytes]] = []

    async def predict(self, batch: Sequence[Scan]) -> Sequence[Digest | Failure]:
        self.seen.extend(scan.page for scan in batch)
        if any(scan.page.startswith(b"crash") for scan in batch):
            raise RuntimeError("this workload has a defect")
        await asyncio.sleep(60 if any(scan.page.startswith(b"hang") for scan in batch) else 0.01)
        return [_answer(scan) for scan in batch]


class Patient(Checksum):
    """The same, waiting a minute for what hangs."""

    time_limit: ClassVar[float] = 60.0


def _answer(scan: Scan) -> Digest | Failure:
    if scan.page.startswith(b"bad"):
        return Failure("unreadable", "The page cannot be read.")
    if scan.page.startswith(b"busy"):
        return Failure("busy", "The scanner is busy.", retryable=True)
    return Digest(sha256=hashlib.sha256(scan.page).hexdigest())
