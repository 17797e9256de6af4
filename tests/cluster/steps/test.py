"""Runs the chart's own tests: `helm test`."""

from cluster.stage import Stage


def run(stage: Stage) -> None:
    """Demand that they pass."""
    told = stage.helm.test()
    suites = told.count("Last Completed:")
    stage.outcome.check("test", f"helm test: {suites} tests ran, all of them succeeded", holds=suites)
