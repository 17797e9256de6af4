"""`slipway demo` as a newcomer runs it. The model is built by `make test` before."""

import json
import subprocess
import sys
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).parents[1]


def test_the_demo_answers_every_message_and_leaves_nothing_running(tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "models").symlink_to(CHECKOUT / "var" / "models")
    data = CHECKOUT / "services" / "triage" / "data" / "test.csv"

    command = [sys.executable, "-m", "slipway_cli", "demo", "--data", str(data)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout.splitlines()[-1])
    expected = {"messages", "agreement", "sync_per_s", "job_per_s", "p50_ms", "p99_ms", "needs_human"}
    assert figures.keys() == expected
    assert figures["messages"] >= 200
    assert figures["agreement"] > 0.5
    assert 0 < figures["needs_human"] < figures["messages"]
    assert f"{figures['messages']} of {figures['messages']}" in ran.stdout
    assert not [p for p in psutil.process_iter(["environ"]) if str(tmp_path) in str(p.info["environ"])]
