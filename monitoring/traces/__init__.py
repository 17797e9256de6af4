"""A picture of a trace, for the docs."""
