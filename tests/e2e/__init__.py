"""The telemetry contract test: the whole composed stack, from nothing to nothing, watched from outside.

`services.yml` declares which signals each service gives; `project` is the stack under test; `steps` are what is done to
it, one module each; `report` tells. See `make e2e-compose`.
"""
