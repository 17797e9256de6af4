"""An open load: requests come when they are due, whatever became of those before."""
