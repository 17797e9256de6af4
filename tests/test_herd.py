"""A thousand clients that repeat themselves all at once, against the real stack."""

import base64
import json
import os
import sys

import httpx
import pytest
from chaos.bars import Crowd, herd_bar

from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack


def pages(count: int, name: str) -> bytes:
    found = (base64.b64encode(f"{name} {number}".encode()).decode() for number in range(count))
    return b"".join(json.dumps({"page": page}).encode() + b"\n" for page in found)


@pytest.mark.timeout(240)
async def test_a_thousand_posts_with_one_key_make_one_job(tmp_path, monkeypatch):
    monkeypatch.setenv("SLIPWAY_WORKLOAD", "checksum:Checksum")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with LocalStack(tmp_path / "var", any_ports=True) as stack:
        token = await new_token(stack.settings, "herd")
        async with Crowd(stack.api_url, token) as crowd:
            bar = await herd_bar(crowd.post, pages(20, "page"), pages(20, "other"), "herd")
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=stack.api_url, headers=headers) as http:
            jobs = (await http.get("/v1/jobs")).json()["jobs"]
        stack.hurry()

    assert bar.held, bar.found
    assert [job["total"] for job in jobs] == [20]
