import pytest
from pydantic import BaseModel
from structlog.testing import capture_logs

from slipway.serving.drift import LEAST
from slipway.serving.observation import Drifts
from slipway.serving.predictor import Predictor
from slipway.telemetry.metrics import Metrics
from slipway.workload import Context, Failure, Observation, Reference, Workload

REFERENCE = Reference.of(["cat", "dog"] * 500, [n / 1_000 for n in range(1_000)])
SECRET = "the words of a customer"


class Animal(BaseModel):
    """An input, and an output: what it is, how sure that is, and what to do."""

    label: str | None = "cat"
    score: float | None = 0.9
    deferred: bool = False
    act: str = ""


class Zoo(Workload[Animal, Animal]):
    """Says what it was told."""

    name = "zoo"
    Input = Output = Animal

    async def predict(self, batch):
        return [Failure("no", "No.") if item.act == "fail" else item for item in batch]


class TalkingZoo(Zoo):
    """Tells about its answers."""

    reference = REFERENCE

    def observe(self, output):
        if output.act == "raise":
            raise RuntimeError(SECRET)
        return None if output.act == "silent" else Observation(output.label, output.score, output.deferred)


class ZooOfOldModel(TalkingZoo):
    """Tells about its answers, and knows nothing of its training."""

    reference = None


@pytest.fixture
async def serve(tmp_path):
    predictors = []

    async def start(kind):
        predictors.append(Predictor(kind(Context(tmp_path, "zoo")), Metrics()))
        await predictors[-1].load()
        return predictors[-1], predictors[-1]._metrics.registry.get_sample_value

    yield start
    for predictor in predictors:
        predictor.close()


async def test_answers_are_counted_by_label_score_and_who_decides(serve):
    predictor, value = await serve(TalkingZoo)
    await predictor.predict([Animal(), Animal(deferred=True), Animal(label="dog", score=0.15), Animal(act="fail")])

    assert value("slipway_outputs_total", {"workload": "zoo", "label": "cat"}) == 2
    assert value("slipway_outputs_total", {"workload": "zoo", "label": "dog"}) == 1
    assert value("slipway_outputs_deferred_total", {"workload": "zoo"}) == 1
    assert value("slipway_output_score_ratio_count", {"workload": "zoo"}) == 3
    assert value("slipway_output_score_ratio_bucket", {"workload": "zoo", "le": "0.2"}) == 1


async def test_what_a_workload_does_not_say_is_not_counted(serve):
    predictor, value = await serve(TalkingZoo)
    await predictor.predict([Animal(label=None), Animal(score=None), Animal(act="silent")])

    assert value("slipway_outputs_total", {"workload": "zoo", "label": "cat"}) == 1
    assert value("slipway_output_score_ratio_count", {"workload": "zoo"}) == 1


async def test_the_labels_of_the_model_are_there_before_the_first_answer(serve):
    _, value = await serve(TalkingZoo)
    assert value("slipway_outputs_total", {"workload": "zoo", "label": "dog"}) == 0
    assert value("slipway_outputs_deferred_total", {"workload": "zoo"}) == 0


async def test_a_label_that_the_model_was_not_trained_on_does_not_become_a_series(serve):
    predictor, value = await serve(TalkingZoo)
    await predictor.predict([Animal(label=SECRET)])
    assert value("slipway_outputs_total", {"workload": "zoo", "label": "other"}) == 1
    assert value("slipway_outputs_total", {"workload": "zoo", "label": SECRET}) is None


def drift(value, distribution):
    return value("slipway_output_drift_index", {"workload": "zoo", "distribution": distribution})


async def test_drift_shows_in_the_distribution_that_has_it(serve):
    predictor, value = await serve(TalkingZoo)
    sure_of_all = [Animal(label=label, score=0.99) for label in ("cat", "dog")] * (LEAST // 2)
    assert (drift(value, "label"), drift(value, "score")) == (0, 0)

    await predictor.predict(sure_of_all)

    assert drift(value, "label") == 0
    assert drift(value, "score") > 0.25


async def test_new_labels_are_drift(serve):
    predictor, value = await serve(TalkingZoo)
    await predictor.predict([Animal(label=f"animal {n % 40}", score=n % 100 / 100) for n in range(LEAST)])
    assert drift(value, "label") > 0.25
    assert drift(value, "score") < 0.1


async def test_of_several_models_in_a_process_the_one_that_is_furthest_off_is_shown(tmp_path):
    metrics = Metrics()
    drifts = Drifts("zoo", metrics)
    models = [Predictor(TalkingZoo(Context(tmp_path, name)), metrics, drifts=drifts) for name in ("old", "new")]
    for model in models:
        await model.load()
    even = [Animal(label=label, score=n / LEAST) for n in range(LEAST // 2) for label in ("cat", "dog")]

    await models[0].predict(even)
    assert drift(metrics.registry.get_sample_value, "label") == 0
    await models[1].predict([Animal(label="cat")] * LEAST)
    await models[0].predict(even)

    assert drift(metrics.registry.get_sample_value, "label") > 0.25
    for model in models:
        model.close()


async def test_a_model_without_a_reference_is_counted_and_has_no_drift(serve):
    predictor, value = await serve(ZooOfOldModel)
    await predictor.predict([Animal(label="fox")] * LEAST)
    assert value("slipway_outputs_total", {"workload": "zoo", "label": "fox"}) == LEAST
    assert drift(value, "label") is None


async def test_a_workload_that_says_nothing_has_none_of_it(serve):
    predictor, value = await serve(Zoo)
    await predictor.predict([Animal()])
    assert value("slipway_output_score_ratio_count", {"workload": "zoo"}) is None
    assert value("slipway_batch_size_inputs_count", {"workload": "zoo"}) == 1


async def test_a_defect_in_what_it_says_costs_no_answer_and_is_logged_once(serve):
    predictor, _ = await serve(TalkingZoo)
    with capture_logs() as logged:
        for _ in range(2):
            (answer,) = await predictor.predict([Animal(act="raise")])
            assert answer.act == "raise"
    assert [line["event"] for line in logged if line.get("workload") == "zoo"] == ["observation.failed"]
