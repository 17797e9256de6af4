"""What the users of the load generator do."""
