"""One step up and down of the load, judged; and the same with the autoscaler held at its minimum, which must fail."""

from cluster.loadtest import check_removals, loadtest
from cluster.stage import Stage

_FIGURES = ("scale_up_s", "recovered_s", "error_rate", "refused_rate", "scale_down_failed", "max_replicas")


def run(stage: Stage) -> None:
    """Demand that the verdict is PASS, and FAIL with the autoscaler pinned."""
    found = loadtest(stage, "step", "--shape", "step")
    stage.outcome.measure(**{name: found["figures"].get(name) for name in _FIGURES})
    findings = "; ".join(finding["text"] for finding in found["findings"])
    stage.outcome.check("autoscale", f"1x, 5x, 1x: {found['verdict']}: {findings}", holds=found["verdict"] == "PASS")
    check_removals(stage, "autoscale", found)
    pinned = loadtest(stage, "pinned", "--shape", "step", "--pinned", "--capacity", str(found["capacity_rps"]))
    stage.outcome.measure(pinned_verdict=pinned["verdict"])
    findings = "; ".join(finding["text"] for finding in pinned["findings"])
    stage.outcome.check("autoscale", f"with the autoscaler pinned: {findings}", holds=pinned["verdict"] == "FAIL")
