"""What the encoder's layers are made of: two ways to compute the same."""
