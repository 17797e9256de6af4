# For the API, which opens tenant keys and makes none.
path "transit/decrypt/slipway-*" {
  capabilities = ["update"]
}
