"""`slipway flags`: what is switched off here, and the flags' declaration in an Unleash server."""
