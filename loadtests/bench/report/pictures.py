"""Pictures of a run: throughput beside the limit, latency under load, and what 1,000 messages cost."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from loadtests.bench.cases import BULK_PEAK, CASES, PEAK, Case
from loadtests.bench.report.chart import Panel, Row, bars
from loadtests.bench.report.curves import curves
from loadtests.bench.report.labels import title
from loadtests.bench.report.material import Material
from loadtests.bench.report.summary import Summary, curve, limit

_DPI = {"png": 130, "svg": 100}


def draw(material: Material, found: Sequence[Summary], folder: Path) -> list[Path]:
    """Write what there is to draw as bench-<name>.png and .svg; return the paths."""
    paths = []
    for name, picture in _pictures(material, found):
        for kind, dpi in _DPI.items():
            path = folder / f"bench-{name}.{kind}"
            picture.savefig(path, dpi=dpi, metadata={"Software": None} if kind == "png" else {"Date": None})
            paths.append(path)
    return paths


def _pictures(material: Material, found: Sequence[Summary]) -> Iterator[tuple[str, Figure]]:
    best = limit(found)
    cases = [case for case in CASES if any(each.case == case.name for each in found)]
    if best and cases:
        yield "throughput", _throughput(cases, best, _sorted(material, found))
        yield (
            "cpu",
            _cpu([case for case in cases if case in {PEAK, BULK_PEAK}] or cases, best, _sorted(material, found)),
        )
    if points := {system: on for system in material.systems if (on := curve(found, system))}:
        yield "latency", curves("Latency as load grows, 1 message a request", "requests offered a second", points)


def _sorted(material: Material, found: Sequence[Summary]) -> list[Summary]:
    return sorted(found, key=lambda each: material.systems.index(each.system))


def _throughput(cases: Sequence[Case], best: Summary, found: Sequence[Summary]) -> Figure:
    whole = best.messages_per_s
    panels = [
        Panel(
            title(case),
            [
                Row(
                    each.system,
                    each.kind,
                    each.messages_per_s / whole,
                    f"{each.messages_per_s:,.0f}/s",
                    (each.least / whole, each.most / whole),
                )
                for each in found
                if each.case == case.name
            ],
        )
        for case in cases
    ]
    picture = bars("Throughput, all beside the limit", f"of the limit, which is {whole:,.0f} messages/s", panels, 1.0)
    picture.axes[-1].xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return picture


def _cpu(cases: Sequence[Case], best: Summary, found: Sequence[Summary]) -> Figure:
    panels = [
        Panel(
            title(case),
            [
                Row(each.system, each.kind, spent, f"{spent:.2f} s", (spent, spent))
                for each in found
                if each.case == case.name and (spent := each.server_cpu_s_per_1000)
            ],
        )
        for case in cases
    ]
    below = f"all processes of a system; dashed: the limit, {best.server_cpu_s_per_1000:.2f} s"
    return bars("Processor seconds for 1,000 messages", below, panels, best.server_cpu_s_per_1000)
