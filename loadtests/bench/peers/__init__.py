"""Other serving frameworks, each with the model that Slipway serves, configured as its documentation recommends."""
