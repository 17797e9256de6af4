"""What most prototypes are: a FastAPI endpoint with the model in it."""
