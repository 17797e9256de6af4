"""Metrics, logs, traces and probes: what a process tells about itself, without anything personal in it."""
