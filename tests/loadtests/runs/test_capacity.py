"""`python -m loadtests.capacity` on a server whose capacity is known."""

import json
import subprocess
import sys

from loadtests.capacity.options import parse


def capacity(checkout, *arguments):
    command = [sys.executable, "-m", "loadtests.capacity", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=115)


def test_the_capacity_of_a_server_is_found(target, tmp_path, pytestconfig):
    server = target(slots=4, seconds=0.1)  # 40 requests a second
    (tmp_path / "key").write_text("slw_key\n")
    short = ("--settle", "0.3", "--seconds", "2", "--first", "15", "--clients", "64")
    ran = capacity(pytestconfig.rootpath, "--url", server.url, "--key-file", str(tmp_path / "key"), *short)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    *lines, last = ran.stdout.splitlines()
    found = json.loads(last)
    # In two seconds, half a second of waiting may gather: 50 a second, and arrivals come as they like.
    assert 20 <= found["capacity_rps"] <= 65
    assert found["p95_ms"] <= 500
    assert {"spread", "confirmed", "scenario"} < set(found)
    assert len(found["trials"]) >= 4
    assert sum(" requests/s " in line for line in lines) == len(found["trials"])
    assert any("not held: p95" in line for line in lines)


def test_a_server_that_refuses_everything_has_none(target, tmp_path, pytestconfig):
    server = target(answer=lambda asked: (503, {"Retry-After": "1"}, b"{}"))
    (tmp_path / "key").write_text("slw_key\n")
    short = ("--settle", "0.1", "--seconds", "1", "--first", "1", "--clients", "4")
    ran = capacity(pytestconfig.rootpath, "--url", server.url, "--key-file", str(tmp_path / "key"), *short)

    assert ran.returncode == 1
    assert "requests/s were held" in ran.stderr
    assert "refused" in ran.stderr


def test_trials_are_short_enough_for_two_minutes():
    options = parse(["--url", "http://here"], {"LOADTEST_KEY": "x"})

    assert 8 <= options.seconds <= 10
    assert options.settle >= 1
