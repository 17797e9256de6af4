"""A POST that is sent twice happens once."""
