"""PostgreSQL and Redis on this machine, as child processes."""
