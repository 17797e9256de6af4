"""Drift, on the real model: what it was made for does not look like drift, and what it was not made for does."""

import csv
import itertools
import random

import pytest

from slipway.serving.predictor import Predictor
from slipway.telemetry.metrics import Metrics
from slipway.workload import Context
from triage.datasets.sample import DATA
from triage.workload import Message, Triage

ALERT = 0.25
"""As in the alert on drift."""
CHANCE = 0.1
MESSAGES = 600

DISHES = "tomato soup,apple pie,lentil curry,fried rice,pumpkin bread,onion tart,lemon cake,bean stew,fish pie,plum jam"
STEPS = [
    "Peel two onions for the {} and fry them in butter until they are golden",
    "Let the {} simmer for forty minutes and stir it now and then",
    "My grandmother always served {} on Sundays with a glass of cider",
    "Which wine goes with {} when eight guests are coming to dinner",
    "Knead the dough for the {} and leave it in a warm place overnight",
    "Season the {} with thyme, pepper and a little nutmeg",
]
PLACES = (
    "at the seaside,in Provence,on a rainy evening,for the village feast,after the harvest,without an oven,for ten,"
)
MORE = "with friends,in winter,the old way"


@pytest.fixture
async def serve(models_dir):
    predictors = []

    async def start():
        predictors.append(Predictor(Triage(Context(models_dir, "triage")), Metrics()))
        await predictors[-1].load()
        return predictors[-1]

    yield start
    for predictor in predictors:
        predictor.close()


async def drift_after(predictor, texts):
    await predictor.predict([Message(text=text) for text in texts])
    value = predictor._metrics.registry.get_sample_value
    return {
        name: value("slipway_output_drift_index", {"workload": "triage", "distribution": name})
        for name in ("label", "score")
    }


def customers():
    """Return messages about situations that the model has never seen, in the order in which a day brings them."""
    with (DATA / "test.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    return random.Random(5).sample(texts, MESSAGES)


def cooks():
    """Return messages that are no business of the model's."""
    parts = itertools.product(STEPS, DISHES.split(","), (PLACES + MORE).split(","))
    return [f"{step.format(dish)} {place}." for step, dish, place in parts][:MESSAGES]


async def test_messages_of_customers_are_no_drift(serve):
    drift = await drift_after(await serve(), customers())
    assert 0 < drift["label"] < CHANCE
    assert 0 < drift["score"] < CHANCE


async def test_messages_about_something_else_are_drift_and_it_goes_when_they_do(serve):
    predictor = await serve()
    assert len(set(cooks())) == MESSAGES
    assert (await drift_after(predictor, cooks()))["label"] > ALERT

    after = await drift_after(predictor, [*customers(), *customers()])
    assert max(after.values()) < CHANCE
