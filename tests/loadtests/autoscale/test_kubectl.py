"""The way to `kubectl`."""

import pytest
from loadtests.autoscale.kubectl import Cluster, ClusterError


def test_namespace_and_context_are_always_said(fake):
    fake.has(pods=[])
    Cluster("shop", "kind-shop").things("pods", {"app": "a", "tier": "b"})

    (call,) = fake.calls()
    assert call[:4] == ["--context", "kind-shop", "--namespace", "shop"]
    assert call[call.index("--selector") + 1] == "app=a,tier=b"


def test_without_a_context_the_current_one_is_used(fake):
    fake.has(pods=[])
    Cluster("shop").things("pods")

    assert fake.calls() == [["--namespace", "shop", "get", "pods", "--output", "json"]]


def test_a_failure_tells_what_kubectl_said(fake):
    fake.has()

    with pytest.raises(ClusterError, match=r"kubectl explode.*\n.*knows no such command"):
        Cluster("shop").run("explode")


def test_a_missing_kubectl_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ClusterError, match="no `kubectl` on the PATH"):
        Cluster("shop").run("get", "pods")
