"""Slipway's model, batcher and web framework with nothing around them: what the apparatus costs is told by this.

A composition root of the bench alone. There is no such setting of the product.
"""
