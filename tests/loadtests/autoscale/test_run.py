"""A run: its own folder, its own verdict, and an end in order."""

import json
import signal
import subprocess
import sys

import pytest
from loadtests.autoscale import run as module
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.options import read_options
from loadtests.autoscale.run import run

_HOLD = """
import signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have had it ignored
from loadtests.autoscale import __main__ as program
from loadtests.autoscale.kubectl import Cluster
from loadtests.autoscale.pin import pinned
from loadtests.autoscale.release import Release

def hold(options):
    with pinned(Release(Cluster("shop"), "store"), "api", 1):
        print("held", flush=True)
        time.sleep(60)

program.run = hold
sys.argv = ["autoscale"]
sys.exit(program.main())
"""


def test_a_folder_with_another_runs_files_is_refused(tmp_path):
    (tmp_path / "verdict.json").write_text('{"verdict": "PASS"}')

    with pytest.raises(ClusterError, match="is not empty"):
        run(read_options(["--out", str(tmp_path)], {}))


def test_a_verdict_that_could_not_be_given_is_none(tmp_path):
    # There is no run.json, so that there is nothing to judge.
    (tmp_path / "verdict.json").write_text('{"verdict": "PASS", "findings": []}')

    with pytest.raises(ClusterError, match=r"could not be judged: .*run\.json is missing"):
        module._judge(read_options(["--out", str(tmp_path)], {}), {})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_does_not_leave_the_autoscaler_pinned(fake, release, api, pytestconfig, number):
    target = {"name": "store-slipway-api"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 8}
    hpa = {"metadata": {"name": "store-slipway-api"}, "spec": spec}
    pod = {"metadata": {"name": "a", "labels": release.labels("api")}}
    fake.has(deployments=[api], pods=[pod], horizontalpodautoscalers=[hpa], patch_seconds=1.0)
    command, root = [sys.executable, "-c", _HOLD], pytestconfig.rootpath
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(number)
        said = process.communicate(timeout=30)[0]

    assert process.returncode == 3
    assert "has its own bounds again" in said
    assert fake.things("horizontalpodautoscalers")[0]["spec"] == spec


def test_bounds_that_could_not_be_put_back_are_told(fake, api, pytestconfig):
    fake.has(deployments=[api], horizontalpodautoscalers=[], kinds=[])
    ran = subprocess.run(
        [sys.executable, "-c", _HOLD],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ran.returncode == 3
    assert "own bounds again" not in ran.stdout
    assert "Nothing scales" in json.loads(ran.stdout.splitlines()[-1])["error"]


@pytest.mark.parametrize("content", ["p95_ms: fast", "- p95_ms", "p99_ms: 3"])
def test_objectives_are_read_before_anything_else(fake, tmp_path, pytestconfig, content):
    (tmp_path / "mine.yaml").write_text(content)
    command = [sys.executable, "-m", "loadtests.autoscale", "--objectives", str(tmp_path / "mine.yaml")]
    ran = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 3
    last = json.loads(ran.stdout.splitlines()[-1])
    assert last["verdict"] is None
    assert "mine.yaml" in last["error"]
    assert not fake.calls()
    assert not (tmp_path / "out").exists()
