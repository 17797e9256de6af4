"""Clients that dawdle."""

from loadtests.scenario.call import Slowness
from loadtests.scenario.pace import Pause, SlowBody


def test_a_slow_body_comes_in_pieces_and_tells_what_it_took():
    pause = Pause(0.02)
    pieces = list(SlowBody(b"0123456789", Slowness(4, 0.02), pause))

    assert b"".join(pieces) == b"0123456789"
    assert len(pieces) == 4
    assert pause.spent >= 3 * 0.015
