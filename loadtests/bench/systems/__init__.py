"""What is measured: Slipway, Slipway with its apparatus off, and a prototype; the other frameworks are in `peers`."""
