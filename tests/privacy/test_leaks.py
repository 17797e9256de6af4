"""Personal values stay out of logs, traces, metrics, Redis, webhooks, errors, listings and the files of the stack."""

import pytest
from privacy.leaks import find_leaks


@pytest.mark.timeout(600)
def test_nothing_leaks_sideways(tmp_path):
    leaks = find_leaks(tmp_path / "var", 8)

    assert [str(hit) for hit in leaks.hits] == []
    assert leaks.marks > 1_000
    assert leaks.returned > 50
    places = {"spans", "metrics", "Redis", "commands to Redis", "webhooks", "errors", "answers", "listings", "files"}
    assert leaks.searched.keys() == places
    assert all(leaks.searched.values())
    operations = {operation for operation, _ in leaks.answers}
    assert len(operations) > 20
    for operation in operations:
        statuses = {status for name, status in leaks.answers if name == operation}
        assert any(200 <= status < 300 or status == 409 for status in statuses), operation
        assert any(400 <= status < 500 for status in statuses), operation
    assert {500, 503, 504} <= {status for _, status in leaks.answers}
