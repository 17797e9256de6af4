"""A burst of jobs: more than the workers that run can do in five minutes."""

from cluster.loadtest import check_removals, loadtest
from cluster.stage import Stage


def run(stage: Stage) -> None:
    """Demand that workers come, that the burst drains as predicted, and that none is interrupted when they go."""
    found = loadtest(stage, "burst", "--shape", "burst")
    figures = {name: value for name, value in found["figures"].items() if not isinstance(value, list | dict)}
    stage.outcome.measure(**{f"burst_{name}": value for name, value in figures.items()})
    findings = "; ".join(finding["text"] for finding in found["findings"])
    stage.outcome.check("workers", f"a burst of jobs: {found['verdict']}: {findings}", holds=found["verdict"] == "PASS")
    check_removals(stage, "workers", found)
