"""A `kubectl` that answers from a file of objects and remembers how it was called, for what needs no cluster."""

import json
import os
import sys
from pathlib import Path

import pytest
from loadtests.autoscale.kubectl import Cluster
from loadtests.autoscale.release import Release

_PROGRAM = """#!{python}
import json, pathlib, sys, time
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(words) + "\\n")
things = json.loads((folder / "things.json").read_text())
if "--raw" in words:
    version = words[-1].removeprefix("/apis/")
    names = [kind.partition(".")[0] for kind in things["kinds"] if kind.partition(".")[2] == version.partition("/")[0]]
    if not names:
        sys.exit(things.get("raw", "Error from server (NotFound): the server could not find the requested resource"))
    print(json.dumps({{"resources": [{{"name": name}} for name in names]}}))
elif "get" in words:
    kind = words[words.index("get") + 1]
    found = things.get(kind, [])
    if "--selector" in words:
        wanted = dict(part.split("=") for part in words[words.index("--selector") + 1].split(","))
        found = [one for one in found if wanted.items() <= one["metadata"].get("labels", {{}}).items()]
    if "--ignore-not-found" in words:
        name = words[words.index("get") + 2]
        print("".join(json.dumps(one) for one in found if one["metadata"]["name"] == name))
    else:
        print(json.dumps({{"items": found}}))
elif "patch" in words:
    time.sleep(things.get("patch_seconds", 0))
    kind, name = words[words.index("patch") + 1 : words.index("patch") + 3]
    patch = json.loads(words[words.index("--patch") + 1])
    def merge(into, more):
        for key, value in more.items():
            if value is None:
                into.pop(key, None)
            elif isinstance(value, dict):
                merge(into.setdefault(key, {{}}), value)
            else:
                into[key] = value
    (one,) = [one for one in things[kind] if one["metadata"]["name"] == name]
    merge(one, patch)
    (folder / "things.json").write_text(json.dumps(things))
elif "exec" in words or words[-3:-1] == ["create", "--tenant"]:
    print(f"slw_{{sum(1 for _ in (folder / 'calls').open())}}")
elif {{"apply", "wait", "delete"}} & set(words):
    pass
else:
    sys.stderr.write("this kubectl knows no such command\\n")
    sys.exit(1)
"""


class FakeCluster:
    """What the fake `kubectl` has and was asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "calls").touch()

    def has(self, **things):
        (self._folder / "things.json").write_text(json.dumps({"kinds": [], **things}))

    def things(self, kind):
        return json.loads((self._folder / "things.json").read_text())[kind]

    def calls(self):
        return [json.loads(line) for line in (self._folder / "calls").read_text().splitlines()]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(_PROGRAM.format(python=sys.executable, folder=str(tmp_path)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return FakeCluster(tmp_path)


@pytest.fixture
def release():
    return Release(Cluster("shop", "kind-shop"), "store")


@pytest.fixture
def api():
    """Return the Deployment of an API with one pod, as the chart makes it."""
    labels = {
        "app.kubernetes.io/name": "slipway",
        "app.kubernetes.io/instance": "store",
        "app.kubernetes.io/component": "api",
    }
    container = {
        "name": "api",
        "image": "registry.example:5000/acme/slipway-api:1.2@sha256:0a",
        "envFrom": [{"configMapRef": {"name": "store-slipway-config"}}],
        "ports": [{"name": "http", "containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health/ready", "port": 9100}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 10}}},
        "securityContext": {"readOnlyRootFilesystem": True},
        "volumeMounts": [{"name": "secrets", "mountPath": "/run/slipway"}],
    }
    spec = {
        "enableServiceLinks": False,
        "serviceAccountName": "store-slipway-api",
        "securityContext": {"runAsNonRoot": True, "fsGroup": 10001},
        "containers": [container, {"name": "sidecar", "image": "other:1"}],
        "volumes": [{"name": "secrets", "secret": {"secretName": "store-slipway-app"}}],
    }
    return {
        "metadata": {"name": "store-slipway-api", "labels": labels},
        "spec": {"replicas": 1, "template": {"metadata": {"labels": labels}, "spec": spec}},
        "status": {"readyReplicas": 1},
    }
