"""What is done to the release, in the order of a run. Each module has `run(stage)`, which notes what it finds wrong."""
