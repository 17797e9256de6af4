"""Retention: how long each kind of row is kept, and the deletion of what is older."""
