"""What Kibana starts with: a data view of the logs, searches and a dashboard.

`python -m monitoring.kibana` writes `saved-objects.ndjson`; `setup.py` imports it; `python -m monitoring.kibana.check`
executes what is in it against Elasticsearch.
"""
