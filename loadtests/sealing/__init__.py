"""What sealing costs: whole jobs through the stack as it is, and through one of the bench's that stores plain text."""
