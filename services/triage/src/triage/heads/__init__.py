"""Linear heads on features: how they are fitted, calibrated and used."""
