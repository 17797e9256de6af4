"""The end-to-end test of the chart: installed into a real cluster, loaded, changed and broken under load, removed.

`steps` are what is done to the release, one module each; `stage` is what they share; `report` tells. It knows nothing
of the cluster but what `kubectl` and `helm` tell it. See `make e2e-cluster`.
"""
