"""Webhooks: tells a tenant's own servers that a job has ended, by signed requests from a transactional outbox."""
