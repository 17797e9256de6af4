"""Finds the best setting of a graph: all ways to use the cores, then all ways to cut, then the best of both again."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from loadtests.bench.limit.bulk import NOTHING, Cost, answer_all
from loadtests.bench.limit.candidates import cuttings, threadings
from loadtests.bench.limit.model import Model
from loadtests.bench.limit.setting import Setting

_KEPT_THREADINGS, _KEPT_CUTTINGS = 2, 3
_LAST_PASSES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A setting and the fastest of its passes."""

    setting: Setting
    cost: Cost


Open = Callable[[int], Model]
"""Returns the graph with so many threads inside a run."""


def search(load: Open, texts: Sequence[str], cores: int, tell: Callable[[str, list[Found]], None]) -> Setting:
    """Return the best setting.

    Each pass puts all texts through; the fastest counts, since what disturbs a pass can only slow it down.

    Args:
        load: opens the graph.
        texts: the messages of a pass.
        cores: how many this process may use.
        tell: told what a stage of the search was about and what it found, the fastest first.
    """
    threading = rank(_tried(load, threadings(cores), texts, passes=2))
    tell("ways to use the cores", threading)
    cutting = rank(_tried(load, cuttings(threading[0].setting), texts, passes=1))
    tell("ways to cut into runs", cutting)
    last = [
        replace(cut.setting, lanes=way.setting.lanes, threads=way.setting.threads)
        for cut in cutting[:_KEPT_CUTTINGS]
        for way in threading[:_KEPT_THREADINGS]
    ]
    finalists = rank(_tried(load, last, texts, _LAST_PASSES))
    tell("the best of both", finalists)
    return finalists[0].setting


def rank(found: Iterable[Found]) -> list[Found]:
    """Return the fastest first."""
    return sorted(found, key=lambda each: -each.cost.messages_per_s)


def _tried(load: Open, settings: Sequence[Setting], texts: Sequence[str], passes: int) -> list[Found]:
    models = {threads: load(threads) for threads in sorted({setting.threads for setting in settings})}
    fastest: dict[Setting, Cost] = dict.fromkeys(settings, NOTHING)
    for model in models.values():
        model.answer(model.tokenise(texts[:1]))
    # Pass after pass over all settings, so that a slow minute of the machine meets each of them.
    for _ in range(passes):
        for setting in settings:
            _, cost = answer_all(models[setting.threads], setting, texts)
            fastest[setting] = min((one for one in (fastest[setting], cost) if one.messages), key=lambda x: x.seconds)
    return [Found(setting, cost) for setting, cost in fastest.items()]
