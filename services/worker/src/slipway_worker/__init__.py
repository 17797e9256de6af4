"""Celery tasks and schedules: a thin bridge into the platform's job engine."""
