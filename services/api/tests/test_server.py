"""The process that people run: `python -m slipway_api`."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from slipway_cli.servers.ports import free_port

WORKLOADS = Path(__file__).parents[3] / "tests" / "workloads"
NDJSON = {"Content-Type": "application/x-ndjson"}
CANARY = "Eleanor Rigby, 5 Penny Lane"


@dataclass
class Service:
    """The running process."""

    process: asyncio.subprocess.Process
    url: str
    output: Path

    def memory(self, name: str) -> int:
        """Return VmRSS or VmHWM (the most it ever was), in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith(f"{name}:")]
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        """Let VmHWM begin again."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


def environment(settings) -> dict[str, str]:
    """Return the settings as a person would give them."""
    named = {name: getattr(settings, name) for name in settings.model_fields_set}
    values = {n: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for n, v in named.items()}
    return {f"SLIPWAY_{name.upper()}": value for name, value in values.items()}


@asynccontextmanager
async def running(shared_settings, folder: Path) -> AsyncIterator[Service]:
    """Run the process around the notes workload, until it is ready and then to the end of the block."""
    ports = {"api_port": free_port(), "metrics_port": free_port()}
    settings = shared_settings.model_copy(update={"workload": "notes:Notes", **ports})
    path = os.pathsep.join([str(WORKLOADS), os.environ.get("PYTHONPATH", "")])
    output = folder / "output"
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "slipway_api"),
            env={**os.environ, **environment(settings), "PYTHONPATH": path},
            stdout=file,
            stderr=file,
        )
    service = Service(process, f"http://127.0.0.1:{settings.api_port}", output)
    try:
        await until_ready(service)
        yield service
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture(scope="module")
async def service(shared_settings, tmp_path_factory) -> AsyncIterator[Service]:
    """The process, for tests that leave it running."""
    async with running(shared_settings, tmp_path_factory.mktemp("service")) as found:
        yield found


async def until_ready(service: Service) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=service.url, verify=False) as client:
        while service.process.returncode is None:
            try:
                if (await client.get("/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    raise AssertionError(service.output.read_text())


@pytest.fixture
async def client(server, new_caller) -> httpx.AsyncClient:
    """A tenant's client; the URLs are those of the process."""
    return (await new_caller(server)).http


async def upload(service: Service, client: httpx.AsyncClient, count: int, size: int) -> httpx.Response:
    """Upload lines of a size, in pieces that do not end where lines end."""
    body = (json.dumps({"text": "word " * (size // 5)}).encode() + b"\n") * count

    async def pieces():
        for position in range(0, len(body), 65_000):
            yield body[position : position + 65_000]

    return await client.post(f"{service.url}/v1/jobs", content=pieces(), headers=NDJSON, timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_sixty_mebibytes_of_lines_grow_its_memory_by_thirty_megabytes_at_most(service, client, capsys):
    before = service.memory("VmRSS")
    service.forget_peak()

    response = await upload(service, client, 10_000, 6_280)

    assert response.status_code == 202, response.text
    assert response.json()["total"] == 10_000
    grown = service.memory("VmHWM") - before
    with capsys.disabled():
        sys.stdout.write(f"\nan upload of 60 MiB: {before / 1e6:.0f} MB + {grown / 1e6:.1f} MB\n")
    assert grown <= 30_000_000


async def test_nothing_personal_is_logged(service, client):
    good, bad, note = {"text": CANARY}, {"text": CANARY, CANARY: CANARY}, f"bad {CANARY}"
    client.base_url = service.url
    headers = {**NDJSON, "Idempotency-Key": "Eleanor.Rigby", "User-Agent": CANARY}
    answers = [
        await client.post("/v1/notes", json={"inputs": [good, {"text": note}]}, headers={"User-Agent": CANARY}),
        await client.post("/v1/notes", json={"inputs": [bad]}),
        await client.post("/v1/notes", content=CANARY.encode(), headers={"Content-Type": "application/json"}),
        await client.post("/v1/notes", json={"inputs": CANARY}, headers={"Content-Type": CANARY}),
        await client.post("/v1/jobs", content=json.dumps(good).encode(), headers=headers),
        await client.post("/v1/jobs", content=json.dumps(bad).encode(), headers=NDJSON),
        await client.get("/v1/jobs", params={"cursor": CANARY, CANARY: CANARY}),
        await client.get(f"/v1/jobs/{CANARY}"),
        await client.get(f"/{CANARY}"),
        await client.get("/v1/models", headers={"Authorization": f"Bearer {CANARY}"}),
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(f"{CANARY}\r\n\r\n".encode())
    await reader.read()
    writer.close()

    assert [answer.status_code for answer in answers] == [200, 422, 400, 415, 202, 422, 422, 422, 404, 401]
    logged = service.output.read_text()
    assert "Invalid HTTP request" in logged
    for word in CANARY.replace(",", "").split()[:2]:
        assert word not in logged
    assert client.headers["Authorization"].rpartition("_")[2] not in logged


async def test_on_sigterm_it_finishes_what_it_has_begun(shared_settings, server, new_caller, tmp_path):
    caller = await new_caller(server)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slowly():
        yield b'{"inputs": ['
        arrived.set()
        await go_on.wait()
        yield b'{"text": "Two words"}]}'

    async with running(shared_settings, tmp_path) as service:
        url, headers = f"{service.url}/v1/notes", {"Content-Type": "application/json"}
        answering = asyncio.create_task(caller.http.post(url, content=slowly(), headers=headers))
        await arrived.wait()
        await asyncio.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        go_on.set()

        assert (await answering).json() == {"results": [{"words": 2}]}
        assert await asyncio.wait_for(service.process.wait(), 20) == 0
    assert "error" not in [json.loads(line)["level"] for line in service.output.read_text().splitlines()]
    async with server.platform.database.transaction(caller.tenant) as connection:
        query = "SELECT count(*) FROM audit_log WHERE action = 'predicted'"
        assert (await connection.exec_driver_sql(query)).scalar_one() == 1
