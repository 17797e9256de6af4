"""What a system may fail with; the others are measured all the same. Anything else is a defect of the bench."""

from loadtests.bench.contest import SideError
from loadtests.bench.generator.figures import WrongAnswerError
from slipway_cli.errors import LocalError

FAILURES: tuple[type[Exception], ...] = (
    RuntimeError,
    WrongAnswerError,
    LocalError,
    OSError,
    TimeoutError,
    SideError,
)
