"""What the encoder's layers are made of: three ways to compute the same."""
