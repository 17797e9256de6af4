{{/*
Addresses of PostgreSQL and Redis with their passwords, by the name of their file, as JSON; `connection` is the one for
KEDA, which runs in another namespace and has no place for our authority's certificate.
*/}}
{{- define "slipway.urls" -}}
{{- $made := include "slipway.credentials" . | fromJson }}
{{- $urls := include "slipway.externalDatabaseUrls" . | fromJson }}
{{- if .Values.postgresql.enabled }}{{ $urls = include "slipway.ownDatabaseUrls" (dict "root" . "made" $made) | fromJson }}{{ end }}
{{- $redis := printf "redis://slipway:%s@%s-redis:6379/0" $made.redis (include "slipway.fullname" .) }}
{{- merge $urls (dict "slipway_redis_url" (ternary $redis .Values.redis.external.url .Values.redis.enabled)) | toJson }}
{{- end }}

{{- define "slipway.ownDatabaseUrls" -}}
{{- $host := printf "%s-postgresql" (include "slipway.fullname" .root) }}
{{- $outside := printf "%s.%s.svc" $host .root.Release.Namespace }}
{{- $verified := "sslmode=verify-full&sslrootcert=/run/slipway/ca.pem" }}
{{- $urls := dict "slipway_database_admin_url" (printf "postgresql://postgres:%s@%s:5432/postgres?%s" .made.postgres $host $verified) }}
{{- range $role := list "app" "system" "owner" "scaler" }}
{{- $url := printf "postgresql://slipway_%s:%s@%s:5432/slipway?%s" $role (get $.made $role) $host $verified }}
{{- $_ := set $urls (printf "slipway_database_%s_url" $role) $url }}
{{- end }}
{{- $_ := set $urls "connection" (printf "postgresql://slipway_scaler:%s@%s:5432/slipway?sslmode=require" .made.scaler $outside) }}
{{- toJson $urls }}
{{- end }}

{{- define "slipway.externalDatabaseUrls" -}}
{{- $urls := dict }}
{{- range $role := list "app" "system" "owner" "scaler" "admin" }}
{{- with index $.Values.postgresql.external (printf "%sUrl" $role) }}{{ $_ := set $urls (printf "slipway_database_%s_url" $role) . }}{{ end }}
{{- end }}
{{- with .Values.postgresql.external.scalerUrl }}{{ $_ := set $urls "connection" . }}{{ end }}
{{- toJson $urls }}
{{- end }}
