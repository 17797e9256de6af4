"""Labelled messages in CSV files: read, checked, split."""
