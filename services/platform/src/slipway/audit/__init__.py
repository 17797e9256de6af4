"""Who did what, when: append-only, chained and signed."""
