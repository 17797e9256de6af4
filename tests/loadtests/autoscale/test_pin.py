"""An autoscaler is held, and has its own bounds again whatever happens."""

import pytest
from loadtests.autoscale import pin
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.pin import find_autoscaler, pinned, recover, settle

KEDA = ["scaledobjects.keda.sh"]


@pytest.fixture
def scaled_object():
    target = {"name": "store-slipway-api"}
    return {
        "metadata": {"name": "store-slipway-api"},
        "spec": {"scaleTargetRef": target, "minReplicaCount": 2, "maxReplicaCount": 8},
    }


@pytest.fixture
def hpa():
    target = {"name": "store-slipway-api"}
    return {
        "metadata": {"name": "keda-hpa-store-slipway-api"},
        "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 8},
    }


@pytest.fixture
def pods(release):
    return [{"metadata": {"name": "a", "labels": release.labels("api")}}]


def bounds(thing):
    spec = thing["spec"]
    return [spec.get(name) for name in ("minReplicaCount", "maxReplicaCount", "minReplicas", "maxReplicas")]


def test_with_keda_its_object_is_held_and_not_the_one_it_made(fake, release, api, pods, scaled_object, hpa):
    fake.has(kinds=KEDA, deployments=[api], pods=pods, scaledobjects=[scaled_object], horizontalpodautoscalers=[hpa])

    with pinned(release, "api", 1):
        assert bounds(fake.things("scaledobjects")[0])[:2] == [1, 1]

    assert fake.things("scaledobjects")[0]["spec"] == scaled_object["spec"]
    assert fake.things("horizontalpodautoscalers") == [hpa]


def test_without_keda_the_autoscaler_itself_is_held(fake, release, api, pods, hpa):
    fake.has(deployments=[api], pods=pods, horizontalpodautoscalers=[hpa])

    with pinned(release, "api", 1):
        assert bounds(fake.things("horizontalpodautoscalers")[0])[2:] == [1, 1]

    assert fake.things("horizontalpodautoscalers")[0]["spec"] == hpa["spec"]


def test_an_interruption_puts_the_bounds_back(fake, release, api, pods, scaled_object):
    fake.has(kinds=KEDA, deployments=[api], pods=pods, scaledobjects=[scaled_object])

    with pytest.raises(KeyboardInterrupt), pinned(release, "api", 1):
        raise KeyboardInterrupt

    assert fake.things("scaledobjects")[0]["spec"] == scaled_object["spec"]


def test_what_a_killed_run_left_pinned_is_put_back_by_the_next(fake, release, api, scaled_object):
    del scaled_object["spec"]["minReplicaCount"]
    fake.has(kinds=KEDA, deployments=[api], scaledobjects=[scaled_object])
    find_autoscaler(release, "api").bind(1, 1)
    # A second run that pins as well must not take the pinned bounds for the release's own.
    find_autoscaler(release, "api").bind(3, 3)
    assert bounds(fake.things("scaledobjects")[0])[:2] == [3, 3]
    assert find_autoscaler(release, "api").most == 8

    recover(release, "api")

    restored = fake.things("scaledobjects")[0]
    assert restored["spec"] == scaled_object["spec"]
    assert not restored["metadata"].get("annotations")


def test_nothing_is_changed_where_nothing_was_pinned(fake, release, api, scaled_object):
    fake.has(kinds=KEDA, deployments=[api], scaledobjects=[scaled_object])

    recover(release, "api")

    assert not [call for call in fake.calls() if "patch" in call]


def test_a_release_that_nothing_scales_is_explained(fake, release, api):
    fake.has(deployments=[api], horizontalpodautoscalers=[])

    with pytest.raises(ClusterError, match=r"Nothing scales store-slipway-api\..*api\.autoscaling\.enabled=true"):
        find_autoscaler(release, "api")


def test_workers_that_may_all_go_are_measured_with_one(fake, release, api, scaled_object):
    scaled_object["spec"]["minReplicaCount"] = 0
    fake.has(kinds=KEDA, deployments=[api], scaledobjects=[scaled_object])

    assert find_autoscaler(release, "api").least == 1


def test_an_upper_bound_that_is_not_named_is_kedas_own(fake, release, api, scaled_object):
    del scaled_object["spec"]["maxReplicaCount"]
    fake.has(kinds=KEDA, deployments=[api], scaledobjects=[scaled_object])

    assert find_autoscaler(release, "api").most == 100


def test_a_cluster_that_cannot_say_whether_it_has_keda_is_no_cluster_without(fake, release, api):
    fake.has(deployments=[api], horizontalpodautoscalers=[], raw="Error from server (ServiceUnavailable): keda is away")

    with pytest.raises(ClusterError, match="keda is away"):
        find_autoscaler(release, "api")


def test_nothing_is_put_back_where_nothing_scales(fake, release, api):
    fake.has(deployments=[api], horizontalpodautoscalers=[])

    recover(release, "api")

    assert not [call for call in fake.calls() if "patch" in call]


def test_calm_that_does_not_last_is_none(release, monkeypatch):
    looks = iter([True, False, True, True, True, True])
    monkeypatch.setattr(pin, "_has", lambda *_: next(looks))
    monkeypatch.setattr(pin, "_EVERY_SECONDS", 0.05)

    assert settle(release, "api", 1, hold=0.12) >= 0.1
    assert next(looks, "all") == "all"
