"""A whole run with the real generator, on servers that are tiny."""

import json
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from loadtests.bench.generator.binary import is_right
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import TRIALS, read
from loadtests.bench.options import parse
from loadtests.bench.run import BINARIES, run
from loadtests.bench.systems.processes import family
from loadtests.bench.systems.server import bare_environment, serving
from loadtests.bench.systems.system import Endpoint, Variant
from loadtests.bench.systems.triage_api import JSON, ROUTE, answers, encode

from slipway_cli.servers.ports import free_port

SERVER = Path(__file__).parents[1] / "tiny_server.py"
pytestmark = pytest.mark.skipif(
    not is_right(BINARIES / "vegeta"), reason="the generator is not built; `make bench` builds it, with Go"
)


class Tiny:
    def __init__(self, name, *modes):
        self.name = name
        kinds = {mode: Kind.SORTED if "our own way" in mode else Kind.DOCUMENTED for mode in modes}
        self.variants = tuple(Variant(mode, kind=kind) for mode, kind in kinds.items())

    @contextmanager
    def running(self, variant, places):
        port = free_port()
        command = [sys.executable, str(SERVER), str(port), variant.name]
        with serving(command, bare_environment(), port, places.var / "log") as pid:
            yield Endpoint(f"http://127.0.0.1:{port}{ROUTE}", JSON, encode, answers, lambda: family(pid))


@pytest.fixture
def bench(tmp_path):
    def start(*others, arguments=()):
        names = ["slipway", *(system.name for system in others)]
        always = ["--out", str(tmp_path / "out"), "--seconds", "1", "--warmup", "0.5", "--systems", *names]
        return run(parse([*always, *arguments]), Tiny("slipway", "right"), others)

    return start


@pytest.mark.timeout(240)
def test_systems_take_turns_in_every_case_and_who_fails_is_left_out(bench, capsys):
    arguments = ["--pairs", "2", "--cases", "single_c64", "bulk_c1", "--no-curve"]
    record = bench(Tiny("bad", "wrong"), Tiny("apparatus_off", "right"), arguments=arguments)

    found = list(read(record.folder))
    assert [(each.contest, each.turn, each.system) for each in found] == [
        ("apparatus_off/single_c64", 1, "apparatus_off"), ("apparatus_off/single_c64", 1, "slipway"),
        ("apparatus_off/single_c64", 2, "slipway"), ("apparatus_off/single_c64", 2, "apparatus_off"),
        ("apparatus_off/bulk_c1", 1, "apparatus_off"), ("apparatus_off/bulk_c1", 1, "slipway"),
    ]  # fmt: skip
    for each in found:
        assert (each.errors, each.refused) == (0, 0)
        assert each.messages == each.requests * (32 if each.case == "bulk_c1" else 1)
        assert 0 < each.p50_ms <= each.p95_ms <= each.p99_ms
        assert each.messages_per_s == pytest.approx(each.messages / each.seconds)
        assert each.server_cpu_s_per_1000 > 0
        assert each.generator_cpu_share > 0
    assert "not 1 answers" in record.failed["bad"]
    assert "bad FAILED" in capsys.readouterr().out
    assert json.loads((record.folder / "run.json").read_text())["failed"].keys() == {"bad"}


@pytest.mark.timeout(240)
def test_half_and_idle_take_turns_at_a_peak_that_is_measured_beside_them_and_the_curve_is_whole(bench, capsys):
    record = bench(arguments=["--pairs", "1", "--cases", "single_c64"])

    found = list(read(record.folder))
    assert [(each.contest, each.fraction) for each in found] == [
        *(("half", fraction) for fraction in (None, 0.1, 0.5)),
        *(("curve/slipway", fraction) for fraction in (None, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1)),
    ]
    for peak, *points in (found[:3], found[3:]):
        assert peak.offered is None
        assert [each.offered for each in points] == pytest.approx([each.fraction * peak.rps for each in points])
    assert "[  11 of 11" in capsys.readouterr().out


@pytest.mark.timeout(240)
def test_variants_are_tried_beside_slipway_and_one_that_answers_is_measured(bench, capsys):
    arguments = ["--pairs", "2", "--cases", "bulk_c8"]
    record = bench(Tiny("choosy", "wrong", "right", "refusing", "right, in our own way"), arguments=arguments)

    trials = list(read(record.folder, TRIALS))
    assert {trial.variant for trial in trials if trial.system == "choosy"} == {"right", "refusing"}
    assert {trial.system for trial in trials} == {"choosy", "slipway"}
    assert next(trial.refused for trial in trials if trial.variant == "refusing") > 0
    chosen = record.chosen["choosy"]
    assert chosen["documented"]["bulk"] in {"right", "refusing"}
    assert chosen["sorted"] == {"bulk": "right, in our own way"}
    assert record.failed_variants.keys() == {"choosy, wrong"}
    measured = [(each.turn, each.kind, each.system) for each in read(record.folder)]
    assert measured == [
        (1, Kind.DOCUMENTED, "choosy"), (1, Kind.DOCUMENTED, "slipway"), (1, Kind.SORTED, "choosy"),
    ]  # fmt: skip
    assert "choosy/bulk_c8 1: slipway" in capsys.readouterr().out


class Fragile(Tiny):
    """Ends for good when it has stood still."""

    @contextmanager
    def running(self, variant, places):
        port = free_port()
        command = [sys.executable, "-c", FRAGILE, str(SERVER), str(port)]
        with serving(command, bare_environment(), port, places.var / "log") as pid:
            yield Endpoint(f"http://127.0.0.1:{port}{ROUTE}", JSON, encode, answers, lambda: family(pid))


FRAGILE = """
import signal, subprocess, sys, time
watched = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])]
server = subprocess.Popen([sys.executable, sys.argv[1], sys.argv[2], "right"])
while server.poll() is None:
    before = time.monotonic()
    time.sleep(0.05)
    if time.monotonic() - before > 0.5:
        watched[0].kill(); watched[0].wait()
"""


@pytest.mark.timeout(240)
def test_who_cannot_stand_still_is_measured_again_with_all_awake_and_it_is_said(bench, capsys):
    record = bench(Fragile("fragile", "right"), arguments=["--pairs", "2", "--cases", "single_c1", "--no-curve"])

    assert record.failed == {}
    assert "fragile lost processes" in record.awake["fragile/single_c1"]
    assert [each.system for each in read(record.folder)] == ["fragile", "slipway"]
    assert "[   2 of 2" in capsys.readouterr().out


class Late(Tiny):
    """Does not start at the first time."""

    starts = 0

    @contextmanager
    def running(self, variant, places):
        self.starts += 1
        if self.starts == 1:
            raise RuntimeError("the machine is busy")
        with super().running(variant, places) as endpoint:
            yield endpoint


@pytest.mark.timeout(240)
def test_what_does_not_start_at_first_is_started_again(bench):
    record = bench(Late("late", "right"), arguments=["--pairs", "1", "--cases", "single_c1", "--no-curve"])

    assert record.failed == {}
    assert [each.system for each in read(record.folder)] == ["late", "slipway"]
