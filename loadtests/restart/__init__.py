"""What callers notice of a rolling restart: nothing.

`python -m loadtests.restart` starts a stack of its own. Its last line is one JSON object.
"""
