"""A tenant with a hundred thousand messages, and one with ten, against the real stack."""

import base64
import json
import os
import sys

import pytest
from chaos.bars import Rival, fairness_bar, rival

from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

LARGE, SMALL = 10_000, 10


def pages(count: int) -> bytes:
    found = (base64.b64encode(f"page {number}".encode()).decode() for number in range(count))
    return b"".join(json.dumps({"page": page}).encode() + b"\n" for page in found)


async def contestant(stack: LocalStack, name: str) -> Rival:
    return rival(stack.api_url, await new_token(stack.settings, name))


@pytest.mark.timeout(240)
async def test_ten_large_jobs_of_one_tenant_do_not_starve_a_small_one_of_another(tmp_path, monkeypatch):
    monkeypatch.setenv("SLIPWAY_WORKLOAD", "checksum:Checksum")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with LocalStack(tmp_path / "var", any_ports=True) as stack:
        greedy, modest = await contestant(stack, "greedy"), await contestant(stack, "modest")
        async with greedy.http, modest.http:
            bar = await fairness_bar(greedy, modest, pages(LARGE), pages(SMALL))
        stack.hurry()

    assert bar.held, bar.found
