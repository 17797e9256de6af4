"""Keys: envelope encryption, the key providers, and the key that signs the audit log."""
