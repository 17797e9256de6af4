"""Artifacts on disk: versioned folders, each with a manifest that holds the digest of every file."""
