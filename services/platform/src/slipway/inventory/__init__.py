"""What is held of anybody, where, why, for how long, and what becomes of it: declared where it is kept."""
