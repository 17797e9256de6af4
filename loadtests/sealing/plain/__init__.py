"""Slipway's jobs without any encryption, to be measured against.

A composition of the bench alone: two programs of its own, which put parts that copy into the place of those that seal.
There is no such setting of the product. Not only the cipher is left out, but all that is there for its sake: envelopes,
what they are bound to, subjects' keys with their table and its joins, the keyed hash of a name, and holding the keys
still during a transaction.
"""
