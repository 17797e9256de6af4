"""Waves of the load, judged: eight minutes of it, so that this is done only when it is asked for."""

from cluster.loadtest import check_removals, loadtest
from cluster.stage import Stage


def run(stage: Stage) -> None:
    """Demand that the verdict is PASS: that pods follow the waves, without turning more often than those."""
    found = loadtest(stage, "sine", "--shape", "sine")
    changes = found["figures"]["direction_changes_per_cycle"]
    stage.outcome.measure(sine_direction_changes_per_cycle=changes)
    findings = "; ".join(finding["text"] for finding in found["findings"])
    stage.outcome.check("sine", f"two waves: {found['verdict']}: {findings}", holds=found["verdict"] == "PASS")
    check_removals(stage, "sine", found)
