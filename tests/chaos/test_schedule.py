from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unruly import HANG, POISON, SLOW

from chaos.options import read_options
from chaos.orders import Fate, Repeat, plan_orders, texts
from chaos.schedule import Kind, plan_faults

QUICK = read_options(["--quick"])
FULL = replace(read_options([]), duration=1_500.0)
_IN_MESSAGES = {Kind.SLOW_CALL, Kind.HANGING_CALL, Kind.POISON}


def test_the_same_seed_gives_the_same_plan_and_another_seed_another():
    assert plan_faults(QUICK) == plan_faults(QUICK)
    assert plan_orders(QUICK) == plan_orders(QUICK)
    assert plan_faults(QUICK) != plan_faults(replace(QUICK, seed=2))
    assert plan_orders(QUICK) != plan_orders(replace(QUICK, seed=2))


@given(seed=st.integers(0, 2**32 - 1), options=st.sampled_from([QUICK, FULL]))
@settings(max_examples=40, deadline=None)
def test_every_plan_has_all_kinds_of_faults_inside_the_run(seed, options):
    faults = plan_faults(replace(options, seed=seed))
    kinds = Counter(fault.kind for fault in faults)

    assert set(kinds) == set(Kind) - _IN_MESSAGES
    assert (kinds[Kind.REDIS_KILL], kinds[Kind.REDIS_FLUSH], kinds[Kind.POSTGRES_RESTART]) == (2, 1, 1)
    assert all(0 < fault.at <= options.duration for fault in faults)
    assert all(fault.at + fault.seconds <= options.duration for fault in faults if fault.seconds)
    kills = [fault.at for fault in faults if fault.kind is Kind.WORKER_KILL]
    assert {round(later - sooner, 2) for sooner, later in pairwise(kills)} == {2.0}


def test_a_worker_is_stopped_for_longer_than_its_lease():
    assert all(f.seconds > QUICK.lease for f in plan_faults(QUICK) if f.kind is Kind.WORKER_STOP)


def test_redis_is_away_alone_while_neither_the_api_nor_postgres_is_broken():
    faults = {fault.kind: fault for fault in plan_faults(FULL)}
    outage = faults[Kind.REDIS_OUTAGE]

    assert outage.seconds == 300
    assert faults[Kind.API_KILL].at < outage.at
    assert faults[Kind.POSTGRES_RESTART].at > outage.at + outage.seconds


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_orders_carry_everything_that_a_run_must_show(seed):
    orders = plan_orders(replace(FULL, seed=seed))

    assert sum(order.size for order in orders) == FULL.messages
    assert {order.tenant for order in orders} == set(range(5))
    assert {order.fate for order in orders} == set(Fate)
    assert {order.repeat for order in orders} == set(Repeat)
    assert {order.ndjson for order in orders} == {True, False}
    assert {mark for order in orders for _, mark in order.marks} == {POISON, HANG, SLOW}
    assert [order.interrupted for order in orders[-1:]] == [True]
    assert [order.number for order in orders] == list(range(len(orders)))


@pytest.mark.parametrize("messages", [500, 2_000, 5_000, 30_000])
def test_a_plan_can_be_made_for_any_number_of_messages(messages):
    orders = plan_orders(replace(FULL, messages=messages, duration=60.0, outage=20.0))

    assert {mark for order in orders for _, mark in order.marks} == {POISON, HANG, SLOW}
    assert sum(order.size for order in orders) >= messages


@pytest.mark.parametrize("seed", range(20))
def test_no_job_with_poison_is_taken_back(seed):
    orders = plan_orders(replace(QUICK, seed=seed))
    poisoned = [order for order in orders if order.marked(POISON)]

    assert len(poisoned) == 2
    assert {order.fate for order in poisoned} <= {Fate.KEPT, Fate.RETRIED}
    assert all(0 <= ordinal < order.size for order in orders for ordinal, _ in order.marks)


def test_no_two_messages_of_a_run_are_the_same():
    orders = plan_orders(QUICK)
    found = [text for order in orders for text in texts(QUICK.seed, order)]

    assert len(set(found)) == len(found) == QUICK.messages
