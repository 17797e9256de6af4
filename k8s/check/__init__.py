"""Checks the chart with the programs that chart authors use: `make check-chart`."""
