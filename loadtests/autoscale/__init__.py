"""Proves that a deployed release scales under load: calibrates, watches, sends the load, and has it judged.

`python -m loadtests.autoscale` takes any cluster that `kubectl` reaches; see docs/loadtests.md.
"""
