"""Linear heads on embeddings: how they are fitted, calibrated and used."""
