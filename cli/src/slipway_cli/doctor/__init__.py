"""Looks for what is wrong on this machine."""
