import sys
from types import ModuleType
from typing import Annotated

import pytest
from checksum import Checksum
from pydantic import BaseModel

from slipway.settings import Settings
from slipway.workload import Workload, data_subject
from slipway.workload.loader import find_workload


class Empty(BaseModel):
    pass


class Good(Workload[Empty, Empty]):
    name = "good"
    Input = Empty
    Output = Empty

    def predict(self, batch):
        return batch


class TwoSubjects(BaseModel):
    one: Annotated[str, data_subject()]
    two: Annotated[str, data_subject()]


WRONG = {
    "NotAWorkload": (Empty, "not a subclass of slipway.workload.Workload"),
    "NotAClass": (Good.predict, "not a subclass of slipway.workload.Workload"),
    "NoName": (type("NoName", (Workload,), {"Input": Empty, "Output": Empty}), "needs a `name`"),
    "BadName": (type("BadName", (Good,), {"name": "Bad Name"}), "needs a `name`"),
    "TakenName": (type("TakenName", (Good,), {"name": "jobs"}), "/v1/jobs is a route of the platform"),
    "NoInput": (type("NoInput", (Workload,), {"name": "x", "Output": Empty}), "needs `Input`"),
    "BadOutput": (type("BadOutput", (Good,), {"Output": dict}), "needs `Output`"),
    "NoPredict": (type("NoPredict", (Workload,), {"name": "x", "Input": Empty, "Output": Empty}), "needs `predict"),
    "NoBatch": (type("NoBatch", (Good,), {"max_batch": 0}), "needs a `max_batch` above 0"),
    "NoTime": (type("NoTime", (Good,), {"time_limit": 0}), "needs a `time_limit` above 0"),
    "NoLoadTime": (type("NoLoadTime", (Good,), {"load_limit": 0}), "needs a `load_limit` above 0"),
    "TwoSubjects": (type("TwoSubjects", (Good,), {"Input": TwoSubjects}), r"marks 2 fields .*'one', 'two'.* mark one"),
}


@pytest.fixture
def module(monkeypatch):
    module = ModuleType("workloads_of_this_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def settings(path):
    return Settings(_env_file=None, workload=path, model="m@1", model_precision="fp32", model_threads=3)


def test_the_workload_is_made_with_what_the_settings_say(tmp_path):
    workload = find_workload(settings("checksum:Checksum").model_copy(update={"models_dir": tmp_path}))

    assert isinstance(workload, Checksum)
    context = workload.context
    assert (context.models_dir, context.model, context.precision, context.threads) == (tmp_path, "m@1", "fp32", 3)


@pytest.mark.parametrize("name", WRONG)
def test_a_workload_that_is_not_complete_is_told_what_it_lacks(module, name):
    found, message = WRONG[name]
    setattr(module, name, found)

    with pytest.raises(ValueError, match=message):
        find_workload(settings(f"workloads_of_this_test:{name}"))


@pytest.mark.parametrize("path", ["", ":", "checksum", "checksum:", "nowhere:X", "checksum:Nothing", ".a:X", "a b:c"])
def test_a_path_that_leads_nowhere_names_its_setting(path):
    with pytest.raises(ValueError, match=r"SLIPWAY_WORKLOAD=.* does not lead to a workload"):
        find_workload(settings(path))


async def test_a_workload_without_predict_of_its_own_answers_nothing(tmp_path):
    workload = find_workload(settings("checksum:Checksum"))
    with pytest.raises(NotImplementedError):
        Workload.predict(workload, [])
    assert (workload.version, Workload.cost(workload, Empty())) == ("0", 1)
