"""People in a running stack: planted with a mark in every field, looked up, erased, and asked for afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from privacy.scanning import Marks

_AT_ONCE = 400
"""Inputs of a job."""
_CALLS = 8
_PATIENCE_SECONDS = 300.0
_NOBODYS_KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="


@dataclass
class Person:
    """Somebody, and the marks in what was sent about them."""

    name: str
    texts: list[str] = field(default_factory=list)
    id: str = ""
    receipt: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    """From the request for their erasure to its end."""


def people(marks: Marks, count: int) -> list[Person]:
    """Return people whose names nobody else has."""
    return [Person(f"{marks.new()}@example.org") for _ in range(count)]


class Population:
    """The people of one tenant, as its own client deals with them."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._calls = asyncio.Semaphore(_CALLS)

    async def plant(self, everybody: Sequence[tuple[Person, Marks]], rounds: int = 2) -> None:
        """Send jobs about them, several people in each; wait until all is answered."""
        for _ in range(rounds):
            for first in range(0, len(everybody), _AT_ONCE):
                inputs = [_confession(person, marks) for person, marks in everybody[first : first + _AT_ONCE]]
                (await self._http.post("/v1/jobs", json={"inputs": inputs})).raise_for_status()
        await self._until(self._no_job_waits, "The jobs do not come to an end.")

    async def look_up(self, found: Iterable[Person]) -> None:
        """Note the platform's ids."""
        await asyncio.gather(*map(self._look_up, found))

    async def export(self, wanted: Sequence[Person]) -> None:
        """Have packages made of what is held about people, and wait until all are ready; nobody can open them."""
        places = await asyncio.gather(*map(self._ask_for_export, wanted))
        await asyncio.gather(*map(self._made, places))

    async def erase(self, doomed: Sequence[Person]) -> None:
        """Ask for the erasure of people, and wait until all are done; note their receipts."""
        places = await asyncio.gather(*map(self._ask, doomed))
        await asyncio.gather(*map(self._follow, doomed, places))

    async def dead_in_backups(self, doomed: Sequence[Person], back_up_keys: Callable[[], Awaitable[object]]) -> None:
        """Wait until the receipts say that backups are dead, and back the keys up meanwhile; note the receipts."""

        async def all_are() -> bool:
            await back_up_keys()
            await asyncio.gather(*map(self._refresh, doomed))
            return all(person.receipt["body"]["backups"]["certain"] for person in doomed)

        await self._until(all_are, "The receipts do not tell from when backups are dead.", pause=3)

    async def answered(self, expected: Iterable[Person]) -> int:
        """Return of how many people every text that was sent can still be read, by its owner."""
        shown = "".join([await self._results(job["id"]) async for job in self._jobs()])
        return sum(all(text in shown for text in person.texts) for person in expected)

    async def counts(self) -> tuple[int, int]:
        """Return (inputs, answers) as the jobs count them; all jobs are complete."""
        jobs = [job async for job in self._jobs()]
        if any(job["state"] != "completed" for job in jobs):
            raise AssertionError("a job is not complete")
        return sum(job["total"] for job in jobs), sum(job["succeeded"] for job in jobs)

    async def _look_up(self, person: Person) -> None:
        async with self._calls:
            answer = await self._http.post("/v1/subjects/lookup", json={"subject": person.name})
        person.id = answer.raise_for_status().json()["id"]

    async def _ask_for_export(self, person: Person) -> str:
        async with self._calls:
            answer = await self._http.post(f"/v1/subjects/{person.id}/export", json={"public_key": _NOBODYS_KEY})
        return answer.raise_for_status().headers["Location"]

    async def _made(self, place: str) -> None:
        async def ready() -> bool:
            async with self._calls:
                return bool((await self._http.get(place)).raise_for_status().json()["state"] == "ready")

        await self._until(ready, f"The export {place} does not come to an end.", pause=0.5)

    async def _ask(self, person: Person) -> str:
        async with self._calls:
            answer = (await self._http.delete(f"/v1/subjects/{person.id}")).raise_for_status()
        person.seconds = -time.monotonic()
        return answer.headers["Location"]

    async def _follow(self, person: Person, place: str) -> None:
        async def done() -> bool:
            async with self._calls:
                request = (await self._http.get(place)).raise_for_status().json()
            person.receipt = {"place": place, **(request["receipt"] or {})}
            return request["state"] == "done"

        await self._until(done, f"The erasure of {person.id} does not come to an end.", pause=0.5)
        person.seconds += time.monotonic()

    async def _refresh(self, person: Person) -> None:
        async with self._calls:
            place = person.receipt["place"]
            person.receipt = {"place": place, **(await self._http.get(place)).raise_for_status().json()["receipt"]}

    async def _no_job_waits(self) -> bool:
        states = ("receiving", "queued", "running")
        pages = [await self._http.get("/v1/jobs", params={"state": state, "limit": "1"}) for state in states]
        return all(page.raise_for_status().json()["jobs"] == [] for page in pages)

    async def _jobs(self) -> AsyncIterator[dict[str, Any]]:
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": "100", **({"cursor": cursor} if cursor else {})}
            page = (await self._http.get("/v1/jobs", params=params)).raise_for_status().json()
            for job in page["jobs"]:
                yield job
            cursor = page["next"]

    async def _results(self, job: str) -> str:
        lines = await self._http.get(f"/v1/jobs/{job}/results", headers={"Accept": "application/x-ndjson"})
        return lines.raise_for_status().text

    async def _until(self, happened: Callable[[], Awaitable[bool]], complaint: str, pause: float = 0.3) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not await happened():
            if time.monotonic() > until:
                raise TimeoutError(complaint)
            await asyncio.sleep(pause)


def _confession(person: Person, marks: Marks) -> dict[str, Any]:
    person.texts.append(f"tell {marks.new()}")
    contact = {"kind": "mail", "address": marks.new()}
    return {"text": person.texts[-1], "person": person.name, "contact": contact, "sins": {marks.new(): 7}}
