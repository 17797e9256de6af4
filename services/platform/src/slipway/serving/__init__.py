"""Running the model: in batches, within a time limit, off the event loop."""
