"""What is done to the stack, in the order of a run. Each module has `run(stage)`, which raises what it finds wrong."""
