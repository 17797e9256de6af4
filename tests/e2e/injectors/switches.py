"""Flags that are switched off, and schedules that come early."""

from collections.abc import Iterator
from contextlib import contextmanager

from e2e.flagserver import switch
from e2e.stage import Stage

_EXPIRE = """
from slipway.settings import Settings
from slipway_worker.celery import EXPIRE_LOGS, create_celery
create_celery(Settings()).send_task(EXPIRE_LOGS)
"""


@contextmanager
def switch_off(stage: Stage, *flags: str) -> Iterator[None]:
    """Switch flags off."""
    for flag in flags:
        switch(stage, flag, on=False)
    try:
        yield
    finally:
        for flag in flags:
            switch(stage, flag, on=True)


@contextmanager
def expire_logs(stage: Stage) -> Iterator[None]:
    """Let old logs be deleted now; it fails while Elasticsearch is away."""
    stage.project.compose("exec", "-T", "worker", "python", "-c", _EXPIRE)
    yield
