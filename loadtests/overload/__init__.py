"""What Slipway does when three times as much comes as it can do: goodput, and how fast it says no.

`python -m loadtests.overload` starts a stack of its own. Its last line is one JSON object.
"""
