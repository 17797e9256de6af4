"""Grafana's dashboards as code.

`python -m monitoring.dashboards` writes `monitoring/grafana/dashboards/*.json`;
`python -m monitoring.dashboards.check` executes every query of those files against a running Prometheus.
"""
