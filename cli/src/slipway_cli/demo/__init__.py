"""`slipway demo`: the main job, on real servers and a real model."""
