"""Loads put on Slipway to see what it takes. Each prints its figures as one JSON object on its last line."""
