"""How many requests a second one pod answers within the objective.

`python -m loadtests.capacity --url https://localhost:8443 --key-file key` looks for it in about two minutes. Its
last line is one JSON object.
"""
