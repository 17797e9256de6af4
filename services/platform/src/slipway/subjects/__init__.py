"""The people whom the data is about, known by pseudonym only."""
