"""What is written down of a load."""
