"""The small place: all of it fits a node of two cores, with everything else that asks for a share there."""

from pathlib import Path

import pytest
import yaml

KIND = Path(__file__).parents[2] / "infra" / "kind"
NODE = 2000
CONTROL_PLANE = 950
"""Thousandths of a core that kind's own pods ask for (`kubectl describe node`): API server 250, controllers 200;
scheduler, etcd and network 100 each; two of DNS, 100 each."""


@pytest.fixture(scope="module")
def kind(values_for):
    return values_for("kind")


def _millicores(quantity):
    return int(quantity.removesuffix("m")) if str(quantity).endswith("m") else int(float(quantity) * 1000)


def _request(component):
    return _millicores(component["resources"]["requests"]["cpu"])


def _everything(node):
    if isinstance(node, dict):
        if "cpu" in node.get("requests", {}):
            yield _millicores(node["requests"]["cpu"])
        for value in node.values():
            yield from _everything(value)


def test_the_maximum_with_a_surge_of_each_fits_beside_all_else(kind):
    pods = [(kind[name]["autoscaling"]["maxReplicas"] + 1) * _request(kind[name]) for name in ("api", "worker")]
    single = [_request(kind[name]) for name in ("scheduler", "migration", "postgresql", "redis", "tests")]
    add_ons = [share for path in KIND.glob("*.yaml") for share in _everything(yaml.safe_load(path.read_text()))]
    assert len(add_ons) >= 6
    assert sum([CONTROL_PLANE, *pods, *single, *add_ons]) <= NODE


def test_there_is_room_to_scale(kind):
    assert kind["api"]["autoscaling"]["minReplicas"] == 1
    assert kind["api"]["autoscaling"]["maxReplicas"] == 5
    assert kind["worker"]["autoscaling"]["maxReplicas"] == 4
