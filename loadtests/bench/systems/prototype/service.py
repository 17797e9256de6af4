"""`uvicorn loadtests.bench.systems.prototype.service:app`: a plain endpoint, which FastAPI runs in its thread pool."""

import json
import os

from fastapi import FastAPI
from pydantic import BaseModel

from loadtests.bench.peers.model import Answer, Model
from loadtests.bench.systems.prototype.system import OPTIONS

app = FastAPI()
model = Model(**json.loads(os.environ[OPTIONS]))


class Texts(BaseModel):
    """What is asked."""

    texts: list[str]


class Answers(BaseModel):
    """What is answered, in the same order."""

    answers: list[Answer]


@app.post("/predict")
def predict(asked: Texts) -> Answers:
    """Answer texts."""
    return Answers(answers=model.predict(asked.texts))
