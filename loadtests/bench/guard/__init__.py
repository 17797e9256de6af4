"""A guard against regressions that holds on noisy machines: processor time beside the limit's, in turns."""
