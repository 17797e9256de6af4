{{/* What the Unleash server has to know and nobody else, by environment variable, as JSON. */}}
{{- define "slipway.unleashSecrets" -}}
{{- $made := include "slipway.credentials" . | fromJson }}
{{- dict
  "DATABASE_PASSWORD" (get $made "unleash-db")
  "UNLEASH_DEFAULT_ADMIN_USERNAME" "admin"
  "UNLEASH_DEFAULT_ADMIN_PASSWORD" $made.unleash
  "UNLEASH_SECRET" (get $made "unleash-session")
  "INIT_ADMIN_API_TOKENS" (get $made "unleash-admin-token")
  "INIT_BACKEND_API_TOKENS" (get $made "unleash-client-token")
  | toJson
}}
{{- end }}
