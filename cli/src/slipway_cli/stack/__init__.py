"""The local stack: PostgreSQL, Redis, the API, the workers and the scheduler, as processes of this machine."""
