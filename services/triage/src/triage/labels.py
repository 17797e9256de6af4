"""What labels mean to the workload."""

OUT_OF_SCOPE = "out_of_scope"
"""The label of messages that are nobody's here. Predicting it always asks for a human."""
