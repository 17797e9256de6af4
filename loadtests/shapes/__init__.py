"""How the rate of a load changes with time."""
