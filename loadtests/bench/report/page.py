"""A run as a person reads it: verdict, tables, and what it ran on."""

from collections.abc import Iterator
from typing import Any

from loadtests.bench.cases import BULK_PEAK, CASES, CURVE, PEAK, Case
from loadtests.bench.limit.setting import Setting
from loadtests.bench.measurement import LIMIT
from loadtests.bench.report.bars import FIGURES, PAIRED, WITHOUT_BAR, Bar, Shown
from loadtests.bench.report.labels import name, title
from loadtests.bench.report.material import APPARATUS_OFF, SLIPWAY, Material
from loadtests.bench.report.pairs import spread
from loadtests.bench.report.ratios import beside
from loadtests.bench.report.summary import Summary, curve, limit
from loadtests.bench.report.table import figure, interval, table

_STARTUP = {
    "first_answer_s": "process start to first answer, seconds",
    "first_vs_median": "first request ÷ the median",
    "rss_load_mb": "memory of the API process at load, MB",
}


def page(material: Material, found: list[Summary], verdict: dict[str, Any]) -> str:
    """Return the whole page, headings from the third level on."""
    parts = [_machine(material), "### Verdict", _verdict(verdict)]
    for case in CASES:
        if any(each.case == case.name for each in found):
            parts += [f"### {title(case).capitalize()}", _case(case, found, material)]
    parts += ["### Latency under load", _curves(material, found)] * any(each.case == CURVE for each in found)
    parts += ["### In-process", _in_process(material, found)] * any(each.system == LIMIT for each in found)
    parts += [*_accuracy(material), *_startup(material), *_variants(material, found), *_failed(material)]
    return "\n\n".join(parts) + "\n"


def _machine(material: Material) -> str:
    run, options = material.run, material.run.get("options", {})
    machine = run.get("machine", {})
    told = {
        "processor": f"{machine.get('processor')}, {machine.get('cores')} cores" if machine else None,
        "system": machine.get("system"),
        "Python": run.get("python"),
        "generator": run.get("generator"),
        "date": run.get("date"),
        "seconds of each slice": options.get("seconds"),
        "different messages": run.get("texts"),
    } | run.get("versions", {})
    facts = "; ".join(f"{what}: {value}" for what, value in told.items() if value is not None)
    return (
        f"{facts}. Figures of a system are medians over its slices, with the least and the largest; ratios see below."
    )


def _verdict(verdict: dict[str, Any]) -> str:
    rows = [
        (
            f"`{each.key}`",
            each.what,
            str(each),
            figure(verdict[each.key]),
            interval(verdict["quartiles"][each.key]),
            interval(verdict["spread"][each.key]),
            str(verdict["pairs"].get(each.key, "")),
            figure(verdict["cpu"][each.key]) if each.key in verdict["cpu"] else "",
            _met(each, verdict),
        )
        for each in FIGURES
    ]
    columns = ["key", "what", "bar", "median", "quartiles", "all", "pairs", "by CPU", "met"]
    against = [f"`{key}`: {name(verdict['beside'][key])}" for key in verdict["beside"] if "peer" in key]
    said = [f"The best other framework is the one that Slipway is least ahead of. {'; '.join(against)}."] * bool(
        against
    )
    return "\n\n".join([table(columns, rows, 7), PAIRED, *said, WITHOUT_BAR])


def _met(shown: Shown, verdict: dict[str, Any]) -> str:
    if shown.key in verdict["not_measured"]:
        return "not measured"
    if not isinstance(shown, Bar):
        return ""
    return "no" if shown.key in verdict["missed"] else "yes"


def _case(case: Case, found: list[Summary], material: Material) -> str:
    best = limit(found)
    rows = [
        (
            name(each.system, each.kind),
            f"{figure(each.messages_per_s)} ({interval((each.least, each.most))})",
            figure(each.messages_per_s / best.messages_per_s if best else None),
            _paired(case, each, material),
            figure(each.p50_ms),
            figure(each.p99_ms),
            figure(each.server_cpu_s_per_1000),
            f"{each.generator_cpu_share:.2f}",
            str(each.errors) if not each.refused else f"{each.errors} + {each.refused} refused",
        )
        for system in material.systems
        for each in found
        if (each.system, each.case) == (system, case.name)
    ]
    columns = ["", "messages/s", "of the limit", "Slipway ÷ it, in pairs"]
    columns += ["p50 ms", "p99 ms", "CPU s / 1,000", "generator's CPU", "errors"]
    return table(columns, rows, len(columns) - 1)


def _paired(case: Case, one: Summary, material: Material) -> str:
    found = spread(beside(material, case, one.system, one.kind))
    if found is None or one.system == SLIPWAY:
        return ""
    return f"{figure(found.median)} ({interval(found.quartiles)})"


def _curves(material: Material, found: list[Summary]) -> str:
    rows = [
        (
            name(system),
            f"{point.fraction:.0%}",
            figure(point.offered),
            figure(point.messages_per_s),
            figure(point.p50_ms),
            figure(point.p95_ms),
            figure(point.p99_ms),
            str(point.errors + point.refused),
        )
        for system in material.systems
        for point in curve(found, system)
    ]
    columns = ["", "of its peak", "offered/s", "answered/s", "p50 ms", "p95 ms", "p99 ms", "not answered"]
    shown = table(columns, rows, len(columns) - 1)
    return f"<details><summary>Every point</summary>\n\n{shown}\n\n</details>"


def _in_process(material: Material, found: list[Summary]) -> str:
    bulk = sorted((e for e in found if (e.system, e.case) == (LIMIT, "bulk")), key=lambda e: -e.messages_per_s)
    calls = [e for e in found if (e.system, e.case) == (LIMIT, "single")]
    rows = [
        (f"`{e.variant}`", _setting(material, e.variant), figure(e.messages_per_s), figure(e.server_cpu_s_per_1000))
        for e in bulk
    ]
    shown = table(["graph", "best setting", "messages/s", "CPU s / 1,000"], rows, 2)
    said = [f"A single call takes {figure(e.p50_ms)} ms (p99 {figure(e.p99_ms)})." for e in calls]
    return "\n\n".join([shown, *said])


def _setting(material: Material, graph: str) -> str:
    found = material.settings.get(graph)
    return str(Setting(**found)) if found else "–"  # noqa: RUF001  # a dash in a table


def _accuracy(material: Material) -> Iterator[str]:
    if found := material.accuracy:
        yield "### Accuracy"
        rows = [
            ("heads learnt and served in fp32", f"{found['fp32']:.2f} %"),
            ("heads learnt and served in int8", f"{found['int8']:.2f} %"),
            ("heads learnt in fp32, served in int8", f"{found['mixed']:.2f} %"),
        ]
        yield table([f"{found['texts']:,} held-out texts, {found['labels']} labels", "right"], rows, 1)
        low, high = found["accuracy_lost_interval"]
        cosine = found["cosine"]
        yield (
            f"Lost: {found['accuracy_lost']:.2f} points (95 %: {low:.2f} to {high:.2f}; exact McNemar test: "
            f"{found['mcnemar']['chance']:.2f}). Cosine of the embeddings: {cosine['mean']:.4f} in the mean, "
            f"{cosine['worst']:.4f} at worst."
        )


def _startup(material: Material) -> Iterator[str]:
    if found := material.startup:
        yield "### Start and memory"
        rows = [
            (what, f"≤ {found['bars'][key]:g}", figure(found[key]), "no" if key in found["missed"] else "yes")
            for key, what in _STARTUP.items()
        ]
        yield table(["", "bar", "measured", "met"], rows, 3)


def _variants(material: Material, found: list[Summary]) -> Iterator[str]:
    rows = [
        (name(system, each.kind), case.group, each.variant)
        for system in material.systems
        for case in (PEAK, BULK_PEAK)
        for each in found
        if (each.system, each.case) == (system, case.name) and system not in {SLIPWAY, APPARATUS_OFF}
    ]
    if rows:
        yield "### Configurations"
        yield table(["", "cases", "the best of those that were tried"], rows, 0)


def _failed(material: Material) -> Iterator[str]:
    failed = material.run.get("failed", {}) | material.run.get("failed_variants", {})
    if failed:
        yield "### What could not be measured"
        yield _list(failed)
    if awake := material.run.get("awake"):
        yield "### Where nobody stood still while another was measured"
        yield _list(awake)


def _list(reasons: dict[str, str]) -> str:
    return "\n".join(f"- {what}: {' '.join(why.split())}" for what, why in reasons.items())
