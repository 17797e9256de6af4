"""Requests that want their answer at once."""

import json
import random
from functools import partial

from loadtests.scenario.call import Answer, Call
from loadtests.scenario.messages import message

PATH = "/v1/triage"
JSON_HEADERS = {"Content-Type": "application/json"}
_MOST = 32


def single(dice: random.Random) -> Call:
    """Return a request with one message."""
    return _call("POST /v1/triage, one message", dice, 1)


def batch(dice: random.Random) -> Call:
    """Return a request with 1 to 32 messages, each number as often as the others."""
    return _call("POST /v1/triage, 1 to 32 messages", dice, dice.randint(1, _MOST))


def body(dice: random.Random, count: int) -> bytes:
    """Return so many messages as JSON."""
    return json.dumps({"inputs": [{"text": message(dice)} for _ in range(count)]}).encode()


def has_results(answer: Answer, count: int) -> str | None:
    """Return what is wrong if not each message has a decision of its own."""
    results = json.loads(answer.content)["results"]
    if len(results) != count:
        return f"{len(results)} results for {count} messages"
    failed = sum("category" not in result for result in results)
    return f"{failed} of {count} messages have no category" if failed else None


def _call(name: str, dice: random.Random, count: int) -> Call:
    check = partial(has_results, count=count)
    return Call(name, "POST", PATH, body(dice, count), JSON_HEADERS, check=check)
