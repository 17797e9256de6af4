"""What a load knows of its requests."""

from loadtests.samples.outcome import Outcome

from cluster.load import Call, Calls


def test_it_is_quiet_after_the_last_answer_that_was_no_good():
    calls = Calls(
        [
            Call(90.0, 1.0, Outcome.ERROR, "before it"),
            Call(100.0, 0.1, Outcome.OK),
            Call(101.0, 2.5, Outcome.ERROR, "no answer"),
            Call(102.0, 0.2, Outcome.REFUSED, "503"),
            Call(110.0, 0.1, Outcome.OK),
        ]
    )

    assert calls.quiet_after(100.0) == 3.5
    assert calls.quiet_after(105.0) == 0.0


def test_errors_are_counted_by_their_kind():
    errors = [Call(0.0, 1.0, Outcome.ERROR, detail) for detail in ("HTTP 502", "no answer", "HTTP 502")]

    assert Calls(errors).kinds() == ["2 times HTTP 502", "1 times no answer"]
