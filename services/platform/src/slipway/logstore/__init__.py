"""Where logs are kept: Elasticsearch or OpenSearch, one index a day. Its template, and the end of what is old."""
