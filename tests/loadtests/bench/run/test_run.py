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
    def start(*systems, arguments=()):
        names = [system.name for system in systems]
        always = ["--out", str(tmp_path / "out"), "--seconds", "1", "--warmup", "0.5", "--systems", *names]
        return run(parse([*always, *arguments]), systems)

    return start


@pytest.mark.timeout(240)
def test_a_run_measures_every_case_and_the_curve_and_goes_on_without_who_fails(bench, capsys):
    arguments = ["--rounds", "1", "--cases", "single_c8", "single_c64", "bulk_c1"]
    record = bench(Tiny("good", "right"), Tiny("bad", "wrong"), arguments=arguments)

    found = list(read(record.folder))
    assert {each.system for each in found} == {"good"}
    assert [each.case for each in found] == ["single_c8", "single_c64", *["curve"] * 7, "bulk_c1"]
    assert [each.fraction for each in found if each.case == "curve"] == [0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1]
    for each in found:
        assert (each.errors, each.refused) == (0, 0)
        assert each.messages == each.requests * (32 if each.case == "bulk_c1" else 1)
        assert 0 < each.p50_ms <= each.p95_ms <= each.p99_ms
        assert each.messages_per_s == pytest.approx(each.messages / each.seconds)
        assert each.server_cpu_s_per_1000 > 0
        assert each.generator_cpu_share > 0
    tenth, peak = (next(x for x in found if x.fraction == each) for each in (0.1, None))
    assert tenth.offered == pytest.approx(0.1 * found[1].rps)
    assert peak.offered is None
    assert "not 1 answers" in record.failed["bad"]
    assert "bad FAILED" in capsys.readouterr().out
    assert json.loads((record.folder / "run.json").read_text())["failed"].keys() == {"bad"}


@pytest.mark.timeout(240)
def test_variants_are_tried_and_the_one_that_answers_is_measured(bench):
    arguments = ["--rounds", "2", "--cases", "bulk_c8"]
    record = bench(Tiny("choosy", "wrong", "right", "refusing"), arguments=arguments)

    trials = list(read(record.folder, TRIALS))
    assert {trial.variant for trial in trials} == {"right", "refusing"}
    assert next(trial.refused for trial in trials if trial.variant == "refusing") > 0
    fastest = max(trials, key=lambda trial: trial.messages_per_s).variant
    assert record.chosen == {"choosy": {"documented": {"bulk": fastest}}}
    assert record.failed_variants.keys() == {"choosy, wrong"}
    assert [each.round for each in read(record.folder)] == [1, 2]


@pytest.mark.timeout(240)
def test_the_best_of_each_kind_is_measured_in_every_round_and_steps_are_counted(bench, capsys):
    arguments = ["--rounds", "2", "--cases", "single_c1", "bulk_c8", "--no-curve"]
    record = bench(Tiny("lent", "right", "refusing", "right, in our own way"), arguments=arguments)

    found = [(each.round, each.kind, each.case) for each in read(record.folder)]
    rounds = [(number, kind, case) for number in (1, 2) for kind in Kind for case in ("single_c1", "bulk_c8")]
    assert sorted(found) == sorted(rounds)
    chosen = json.loads((record.folder / "run.json").read_text())["chosen"]["lent"]
    assert chosen["sorted"] == dict.fromkeys(("single", "bulk"), "right, in our own way")
    assert chosen["documented"].keys() == {"single", "bulk"}
    assert "[  12 of 12" in capsys.readouterr().out
