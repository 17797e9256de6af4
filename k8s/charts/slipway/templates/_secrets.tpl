{{/* Name of the Secret that a consumer mounts: app, operator, scheduler, scaler, flags. Takes (dict "root" $ "name" "app"). */}}
{{- define "slipway.secretName" -}}
{{- include "slipway.checkStores" .root }}
{{- if eq .root.Values.secrets.source "existing" }}
{{- index .root.Values.secrets.existing .name | required (printf "set secrets.existing.%s to the name of a Secret" .name) }}
{{- else }}
{{- printf "%s-%s" (include "slipway.fullname" .root) .name }}
{{- end }}
{{- end }}

{{/* A Secret. Takes (dict "root" $ "name" "app" "component" "api" "data" DICT "annotations" DICT): the data in plain text. */}}
{{- define "slipway.secret" -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ include "slipway.fullname" .root }}-{{ .name }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
type: {{ .type | default "Opaque" }}
data:
  {{- range $name, $content := .data }}
  {{ $name }}: {{ $content | b64enc }}
  {{- end }}
{{- end }}

{{/* The Secret of a consumer with secrets.source=generate, or nothing. Takes (dict "root" $ "name" "app" "component" "api"). */}}
{{- define "slipway.consumerSecret" -}}
{{- if eq .root.Values.secrets.source "generate" }}
{{- with include "slipway.secretFiles" . | fromJson }}
{{- include "slipway.secret" (merge (dict "data" .) $) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Digest of what a Secret of the chart's own holds, for the pods that read it at their start; empty for Secrets of others. */}}
{{- define "slipway.secretChecksum" -}}
{{- if eq .root.Values.secrets.source "generate" }}
{{- include "slipway.secretFiles" . | sha256sum }}
{{- end }}
{{- end }}

{{/*
What a consumer gets with secrets.source=generate, by file name, as JSON: nothing that it does not need. Takes
(dict "root" $ "name" "app").
*/}}
{{- define "slipway.secretFiles" -}}
{{- $made := include "slipway.credentials" .root | fromJson }}
{{- $urls := include "slipway.urls" .root | fromJson }}
{{- $redis := pick $urls "slipway_redis_url" }}
{{- $token := dict "slipway_unleash_token" (get $made "unleash-client-token") }}
{{- $keys := dict "master.key" (get $made "master-key") "audit.pem" (get $made "audit-key") }}
{{- $app := merge (pick $urls "slipway_database_app_url" "slipway_database_system_url") $redis $keys }}
{{- if .root.Values.unleash.enabled }}{{ $app = merge $app $token }}{{ end }}
{{- if .root.Values.postgresql.enabled }}{{ $app = merge $app (dict "ca.pem" (get $made "authority-certificate")) }}{{ end }}
{{- if eq .name "app" }}{{ toJson $app }}
{{- else if eq .name "operator" }}{{ toJson (merge $app (omit $urls "connection")) }}
{{- else if eq .name "scheduler" }}{{ toJson $redis }}
{{- else if eq .name "scaler" }}{{ toJson (pick $urls "connection") }}
{{- else if eq .name "flags" }}{{ toJson (merge $token (dict "slipway_unleash_admin_password" $made.unleash)) }}
{{- else }}{{ fail (printf "there is no Secret for %q" .name) }}
{{- end }}
{{- end }}
