# For workers and the command line, which also make, wrap and destroy tenant keys.
path "transit/decrypt/slipway-*" {
  capabilities = ["update"]
}

path "transit/encrypt/slipway-*" {
  capabilities = ["update"]
}

# It makes a key, lets it be deleted (its /config below), and deletes it. It neither reads nor exports any.
path "transit/keys/slipway-*" {
  capabilities = ["create", "update", "delete"]
}
