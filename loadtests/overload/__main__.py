"""`python -m loadtests.overload`."""

from loadtests.overload.options import parse
from loadtests.overload.report import say
from loadtests.overload.run import run

if __name__ == "__main__":
    say(run(parse()))
