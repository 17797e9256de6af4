"""What can be broken. An injector is a context manager: inside of it something is broken, behind it no more."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from e2e.injectors.containers import pause, restart_often, stop, throttle, unruly_workers
from e2e.injectors.database import (
    block_erasure,
    forge_key,
    grant_too_much,
    hold_transaction,
    keep_export_waiting,
    keep_old_row,
    lock_table,
)
from e2e.injectors.files import break_rules, expire_certificate, lock_evidence, lose_master_key
from e2e.injectors.load import (
    ask_slowly,
    break_webhooks,
    leave_webhooks,
    overload,
    pile_up_jobs,
    send_undecidable,
)
from e2e.injectors.switches import expire_logs, switch_off
from e2e.stage import Stage

Injector = Callable[..., AbstractContextManager[None]]

INJECTORS: Mapping[str, Injector] = {
    injector.__name__: injector
    for injector in (
        ask_slowly,
        block_erasure,
        break_rules,
        break_webhooks,
        expire_certificate,
        expire_logs,
        forge_key,
        grant_too_much,
        hold_transaction,
        keep_export_waiting,
        keep_old_row,
        leave_webhooks,
        lock_evidence,
        lock_table,
        lose_master_key,
        overload,
        pause,
        pile_up_jobs,
        restart_often,
        send_undecidable,
        stop,
        switch_off,
        throttle,
        unruly_workers,
    )
}
"""By name, as `faults.yml` has them. Each takes the stage and the arguments from there."""

__all__ = ["INJECTORS", "Injector", "Stage"]
