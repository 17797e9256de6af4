"""What is read of a release."""

import pytest
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.release import is_ready, name_of, ready_replicas, wanted_replicas


def test_a_deployment_is_found_by_its_labels(fake, release, api):
    other = {"metadata": {"name": "stranger", "labels": {"app.kubernetes.io/component": "api"}}}
    fake.has(deployments=[other, api])

    assert name_of(release.deployment("api")) == "store-slipway-api"
    assert release.ready("api") == 1


def test_a_release_that_is_not_there_is_explained(fake, release):
    fake.has(deployments=[])

    with pytest.raises(ClusterError, match=r"shop has 0 Deployments of component api of a release store.*--namespace"):
        release.deployment("api")


def test_the_api_server_leaves_out_what_is_zero():
    assert ready_replicas({"status": {}}) == 0
    assert wanted_replicas({"spec": {"replicas": 0}}) == 0
    assert wanted_replicas({"spec": {}}) == 1


def test_a_pod_that_is_deleted_is_none_of_the_release(fake, release):
    labels = release.labels("api")
    going = {"metadata": {"name": "old", "labels": labels, "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    fake.has(pods=[going, {"metadata": {"name": "new", "labels": labels}}])

    assert [name_of(pod) for pod in release.pods("api")] == ["new"]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([{"type": "Ready", "status": "True"}], True),
        ([{"type": "Ready", "status": "False"}], False),
        ([{"type": "Initialized", "status": "True"}], False),
        ([], False),
    ],
)
def test_a_pod_is_ready_when_it_says_so(conditions, expected):
    assert is_ready({"status": {"conditions": conditions}}) is expected
