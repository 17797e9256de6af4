"""From measurements to a verdict, tables and pictures."""

from loadtests.bench.report.write import write

__all__ = ["write"]
