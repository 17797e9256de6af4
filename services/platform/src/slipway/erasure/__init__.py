"""Erasure of a person: everywhere, once and for ever, with a signed receipt and a ledger that outlives the database."""
