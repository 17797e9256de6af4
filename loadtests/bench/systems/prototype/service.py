"""`uvicorn loadtests.bench.systems.prototype.service:app`: a plain endpoint, which FastAPI runs in its thread pool."""

import json
import os
from collections.abc import Mapping, Sequence

from fastapi import FastAPI
from pydantic import BaseModel

from loadtests.bench.peers.model import Model
from loadtests.bench.systems.prototype.system import OPTIONS

app = FastAPI()
model = Model(**json.loads(os.environ[OPTIONS]))


class Texts(BaseModel):
    """What is asked."""

    texts: list[str]


class Answer(BaseModel):
    """What the model says of one text."""

    category: str
    confidence: float
    needs_human: bool
    priority: str


class Answers(BaseModel):
    """In the order of the texts."""

    answers: list[Answer]


@app.post("/predict", response_model=Answers)
def predict(asked: Texts) -> Mapping[str, Sequence[object]]:
    """Answer texts."""
    return {"answers": model.predict(asked.texts)}
