import pytest
from tests.faults.matrix import Dependency, Operation, rows
from tests.faults.trial import observed

ROWS = rows(Dependency.REDIS, Dependency.FLAGS, Dependency.TRACES, Dependency.WEBHOOK)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.dependency}-{row.fault}" for row in ROWS])
async def test_what_a_user_sees(row, product, break_, proxies):
    expected = {operation: row.expected(operation) for operation in Operation} | {"left behind": ""}
    assert await observed(row, product, break_, proxies.get(row.dependency)) == expected
