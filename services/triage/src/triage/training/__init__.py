"""Trains a model, and writes it as an artifact."""
