"""Finds the workload by the import path in the settings."""

import importlib
import re
from typing import Any

from pydantic import BaseModel

from slipway.settings import Settings
from slipway.workload.contract import Context, Workload
from slipway.workload.privacy import subject_field

AnyWorkload = Workload[Any, Any]


def find_workload(settings: Settings) -> AnyWorkload:
    """Import and construct the workload of the settings; `load` is left to the caller.

    Raises:
        ValueError: the import path leads to no complete workload; the text says what is missing.
    """
    path = settings.workload
    module_name, _, attribute = path.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"SLIPWAY_WORKLOAD={path!r} does not lead to a workload: {error}") from error
    _check(path, found)
    context = Context(
        models_dir=settings.models_dir,
        model=settings.model,
        precision=settings.model_precision,
        threads=settings.model_threads,
    )
    return found(context)  # type: ignore[no-any-return]  # `_check` has seen that it is a Workload


_TAKEN = ("jobs", "models", "subjects", "webhooks")


def _check(path: str, found: object) -> None:
    if not (isinstance(found, type) and issubclass(found, Workload)):
        raise ValueError(f"SLIPWAY_WORKLOAD={path!r} is not a subclass of slipway.workload.Workload")
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", getattr(found, "name", "")):
        raise ValueError(f"{path} needs a `name` of lower case letters, digits and '-'")
    if found.name in _TAKEN:
        raise ValueError(f"{path} needs another `name`: /v1/{found.name} is a route of the platform")
    for model in ("Input", "Output"):
        declared = getattr(found, model, None)
        if not (isinstance(declared, type) and issubclass(declared, BaseModel)):
            raise ValueError(f"{path} needs `{model}`, a pydantic model")
    if found.predict is Workload.predict:
        raise ValueError(f"{path} needs `predict(batch)`")
    for limit in ("max_batch", "max_batch_cost", "time_limit", "load_limit"):
        if getattr(found, limit) <= 0:
            raise ValueError(f"{path} needs a `{limit}` above 0")
    subject_field(found.Input)
