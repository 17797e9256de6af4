"""`python -m monitoring.prometheus.check`, with tools that say what they are told to."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def check(tools):
    return subprocess.run(
        [sys.executable, "-m", "monitoring.prometheus.check"],
        cwd=ROOT,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


def put(folder, name, script):
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)


def test_everything_is_checked_where_it_is_when_all_is_well(tmp_path):
    put(tmp_path, "promtool", 'for name in "$@"; do :; done; [ -f "$name" ] || exit 3')
    put(tmp_path, "amtool", "[ -f alertmanager.yml ]")
    done = check(tmp_path)
    assert done.returncode == 0, done.stderr
    for file in (ROOT / "monitoring" / "prometheus" / "tests").glob("*.yml"):
        assert file.name in done.stdout


def test_one_failure_is_a_failure_and_the_rest_is_still_checked(tmp_path):
    put(tmp_path, "promtool", '[ "$1" != check ] || { echo "rules/jobs.yml is wrong"; exit 1; }')
    put(tmp_path, "amtool", "echo routes are right")
    done = check(tmp_path)
    assert done.returncode == 1
    assert "rules/jobs.yml is wrong" in done.stdout
    assert "routes are right" in done.stdout


def test_without_a_tool_it_comes_from_the_image(tmp_path):
    put(tmp_path, "docker", 'echo docker "$@"')
    done = check(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--entrypoint=promtool prom/prometheus:" in done.stdout
    assert "--entrypoint=amtool prom/alertmanager:" in done.stdout


def test_without_docker_either_it_says_what_is_missing(tmp_path):
    done = check(tmp_path)
    assert done.returncode == 1
    assert "promtool is needed: install it, or Docker" in done.stderr
