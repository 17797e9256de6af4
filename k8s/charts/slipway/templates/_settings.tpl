{{/*
The settings that all our processes share, as a map of SLIPWAY_ variables: `include ... | fromYaml`. What config.settings says
wins. No secret is among them. A Job that must not wait for the ConfigMap takes them by slipway.settingsEnv.
*/}}
{{- define "slipway.settings" -}}
{{- $config := .Values.config -}}
{{- $unleash := ternary (printf "http://%s-unleash:4242/api" (include "slipway.fullname" .)) "" .Values.unleash.enabled -}}
{{- $own := dict
  "SLIPWAY_ENVIRONMENT" $config.environment
  "SLIPWAY_LOG_LEVEL" $config.logLevel
  "SLIPWAY_SECRETS_DIR" "/run/slipway"
  "SLIPWAY_MASTER_KEY_FILE" "/run/slipway/master.key"
  "SLIPWAY_AUDIT_KEY_FILE" "/run/slipway/audit.pem"
  "SLIPWAY_EVIDENCE_DIR" "/var/lib/slipway/evidence"
  "SLIPWAY_TENANT_KEYS_DIR" (ternary "/keys" "" (ne .Values.tenantKeys.existingClaim ""))
  "SLIPWAY_MODEL_THREADS" "1"
  "SLIPWAY_UNLEASH_URL" ($config.unleashUrl | default $unleash)
  "SLIPWAY_OTLP_ENDPOINT" $config.otlpEndpoint
  "SLIPWAY_LOG_STORE_URL" $config.logStoreUrl
-}}
{{- range $name, $value := merge (dict) $config.settings $own }}
{{- if ne (toString $value) "" }}
{{ $name }}: {{ include "slipway.plain" $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* A value as a person wrote it: Helm reads numbers as floats, of which 1000000 would come out as 1e+06. */}}
{{- define "slipway.plain" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end }}

{{/* The same as a list for `env`. */}}
{{- define "slipway.settingsEnv" -}}
{{- range $name, $value := include "slipway.settings" . | fromYaml }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
