from pathlib import Path
from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slipway.serving.predictor import Predictor
from slipway.telemetry.metrics import Metrics
from slipway.workload import Context, Workload


class Item(BaseModel):
    cost: int


class Echo(Workload[Item, Item]):
    name = "echo"
    Input = Item
    Output = Item
    max_batch: ClassVar[int] = 4
    max_batch_cost: ClassVar[int] = 40

    def cost(self, item):
        return item.cost

    def predict(self, batch):
        self.batches.append([max(1, item.cost) for item in batch])
        return batch


@given(costs=st.lists(st.integers(-1, 60), max_size=40))
async def test_answers_keep_their_order_and_batches_their_limits(costs):
    workload = Echo(Context(Path(), "echo"))
    workload.batches = []
    predictor = Predictor(workload, Metrics())

    results = await predictor.predict([Item(cost=cost) for cost in costs])
    predictor.close()

    assert [result.cost for result in results] == costs
    assert sorted(cost for batch in workload.batches for cost in batch) == sorted(max(1, cost) for cost in costs)
    for batch in workload.batches:
        assert 1 <= len(batch) <= Echo.max_batch
        assert len(batch) == 1 or len(batch) * max(batch) <= Echo.max_batch_cost, "padding counts"
    for batch, after in zip(workload.batches, workload.batches[1:], strict=False):
        assert max(batch) <= min(after), "inputs of like cost share a batch"
        together = (len(batch) + 1) * min(after)
        assert len(batch) == Echo.max_batch or together > Echo.max_batch_cost, "none is cut too early"
