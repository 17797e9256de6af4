"""Writes what a run found."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadtests.bench.report.documentation import publish
from loadtests.bench.report.material import Material
from loadtests.bench.report.page import page
from loadtests.bench.report.pictures import draw
from loadtests.bench.report.summary import summaries
from loadtests.bench.report.verdict import verdict

RESULTS, TABLES = "results.json", "results.md"


def write(folder: Path, *, docs: bool = False) -> dict[str, Any]:
    """Write results.json, results.md and the pictures of a run into its folder; return the last line of the run.

    Args:
        folder: where the run left its measurements.
        docs: whether docs/performance.md is to show this run from now on.
    """
    material = Material.of(folder)
    found = list(summaries(material))
    judged = verdict(material)
    results = {"verdict": judged, "run": material.run, "summaries": [asdict(each) for each in found]}
    results |= {"startup": material.startup, "accuracy": material.accuracy, "limit": material.settings}
    (folder / RESULTS).write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    tables = page(material, found, judged)
    (folder / TABLES).write_text(f"# A run of the bench\n\n{tables}", encoding="utf-8")
    pictures = draw(material, found, folder)
    if docs:
        publish(tables, pictures)
    return judged
