"""The limit: the same model in-process, with nothing around it, run as well as a search can make it."""
