"""The one way to PostgreSQL: short transactions, each under one role and, for the app role, one tenant."""

from slipway.database.session import Database

__all__ = ["Database"]
