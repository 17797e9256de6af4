"""The chaos harness: the real stack under steady traffic and planned faults, then an audit of every message.

`schedule` and `orders` plan a run from its seed; `stage` starts the stack; `faults` and `traffic` carry the plan
out; `records` keeps what clients were told; `evidence` and `audit`
compare that with the tables; `report` and `picture` tell.
"""
