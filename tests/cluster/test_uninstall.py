"""What may be left of a release, and how a verdict is read."""

import pytest
from e2e.failure import UnmetError

from cluster.loadtest import verdict_of
from cluster.steps.uninstall import is_kept


def thing(kind, **annotations):
    return {"kind": kind, "metadata": {"name": "x", "annotations": annotations}}


def test_data_and_what_says_so_itself_is_kept():
    assert is_kept(thing("PersistentVolumeClaim"))
    assert is_kept(thing("Secret", **{"helm.sh/resource-policy": "keep"}))


@pytest.mark.parametrize("kind", ["ConfigMap", "Deployment", "Job", "Secret", "ServiceAccount"])
def test_anything_else_is_forgotten(kind):
    assert not is_kept(thing(kind))


def test_a_config_map_is_not_kept_by_saying_so():
    assert not is_kept(thing("ConfigMap", **{"helm.sh/resource-policy": "keep"}))


def test_the_last_line_of_a_load_test_is_its_verdict():
    assert verdict_of('{"verdict": "FAIL", "findings": []}', 1)["verdict"] == "FAIL"


@pytest.mark.parametrize("line", ["", "kubectl: not found", '{"checks": 1}', "[1]"])
def test_a_load_test_without_a_verdict_is_a_failure_and_told(line):
    with pytest.raises(UnmetError, match="no verdict"):
        verdict_of(line, 3)
