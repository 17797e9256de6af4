"""What must hold before a capacity is believed."""

import pytest
from loadtests.autoscale import calibration
from loadtests.autoscale.calibration import calibrate
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.options import read_options
from loadtests.autoscale.way import Way

FOUND = {"capacity_rps": 30.0, "doubt": None, "trials": []}


@pytest.fixture
def calibrated(fake, release, api, tmp_path, monkeypatch):
    """Calibrate with a search that finds this, while this becomes of the cluster."""
    target = {"name": "store-slipway-api"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 8}
    hpa = {"metadata": {"name": "store-slipway-api"}, "spec": spec}
    pod = {
        "metadata": {"name": "a", "labels": release.labels("api")},
        "status": {"containerStatuses": [{"restartCount": 0}]},
    }
    fake.has(deployments=[api], pods=[pod], horizontalpodautoscalers=[hpa])

    def run(found, meanwhile=lambda _: None):
        def measure(*_):
            meanwhile(pod)
            fake.has(deployments=[api], pods=[pod], horizontalpodautoscalers=fake.things("horizontalpodautoscalers"))
            return found

        monkeypatch.setattr(calibration, "_measure", measure)
        options = read_options(["--out", str(tmp_path)], {})
        return calibrate(options, release, Way("https://here", tmp_path / "keys", None))

    return run


def test_a_capacity_without_doubt_is_believed(calibrated, fake):
    assert calibrated(FOUND) == 30.0
    assert fake.things("horizontalpodautoscalers")[0]["spec"]["maxReplicas"] == 8


def test_a_limit_that_is_not_the_pods_is_refused(calibrated):
    with pytest.raises(ClusterError, match="give more keys"):
        calibrated({**FOUND, "doubt": "a key was over its rate: give more keys."})


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda pod: pod["metadata"].update(name="b"),
        lambda pod: pod["status"]["containerStatuses"][0].update(restartCount=1),
    ],
)
def test_a_pod_that_ended_meanwhile_has_no_capacity(calibrated, meanwhile):
    with pytest.raises(ClusterError, match="replaced or restarted"):
        calibrated(FOUND, meanwhile)
