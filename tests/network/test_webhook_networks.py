"""Where the chart's policy lets webhooks go is where the worker would send them."""

import re
from ipaddress import ip_network
from pathlib import Path

from slipway.webhooks import addresses

POLICY = Path(__file__).parents[2] / "k8s" / "charts" / "slipway" / "templates" / "network" / "_webhooks.tpl"
NETWORK = re.compile(r"[0-9a-f:.]+/[0-9]+")


def test_the_policy_excepts_the_networks_that_the_worker_refuses():
    opened, *excepted = (ip_network(found) for found in NETWORK.findall(POLICY.read_text()))
    refused = vars(addresses)
    assert str(opened) == "0.0.0.0/0"
    assert excepted == [*refused["_SPECIAL_4"], refused["_GLOBAL_6"], *refused["_SPECIAL_6"]]
