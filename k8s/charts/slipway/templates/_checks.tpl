{{/* Combinations that could not work are refused in words before anything is made. */}}
{{- define "slipway.checkStores" -}}
{{- $source := .Values.secrets.source }}
{{- if eq $source "generate" }}{{ include "slipway.checkGenerated" . }}
{{- else }}{{ include "slipway.checkGiven" . }}
{{- end }}
{{- if and (eq $source "external") (not .Values.secrets.external.storeRef.name) }}
{{- include "slipway.refuse" (list "secrets.source=external: set secrets.external.storeRef.name to your SecretStore or ClusterSecretStore.") }}
{{- end }}
{{- if and .Values.unleash.syncFlags (not .Values.unleash.enabled) (not .Values.config.unleashUrl) }}
{{- include "slipway.refuse" (list "unleash.syncFlags: set config.unleashUrl to your Unleash server.") }}
{{- end }}
{{- if and (include "slipway.hasRoute" .) (not .Values.route.parentRefs) (not .Values.gateway.create) }}
{{- include "slipway.refuse" (list
  "route.enabled: set route.parentRefs to your Gateway ([{name: ..., namespace: ...}]),"
  "or gateway.create=true to make one."
) }}
{{- end }}
{{- if and .Values.gateway.create (not .Values.gateway.certificate.secretName) (contains "cert-manager.io/" (toJson .Values.gateway.annotations)) }}
{{- include "slipway.refuse" (list
  "gateway.annotations name cert-manager: set gateway.certificate.secretName to the Secret that it shall fill."
  "Without, the chart makes a certificate, which cert-manager would overwrite at once, and each upgrade again."
) }}
{{- end }}
{{- if and .Values.gateway.create (ne $source "generate") (not .Values.gateway.certificate.secretName) }}
{{- include "slipway.refuse" (list
  "gateway.create: set gateway.certificate.secretName to a Secret of type kubernetes.io/tls."
  "The chart makes a certificate only with secrets.source=generate."
) }}
{{- end }}
{{- end }}

{{/* Stops with a message, given line by line. */}}
{{- define "slipway.refuse" -}}
{{- fail (printf "\n\n%s\n" (join "\n" .)) }}
{{- end }}

{{/* secrets.source=generate. */}}
{{- define "slipway.checkGenerated" -}}
{{- if ne .Values.config.environment "development" }}
{{- include "slipway.refuse" (list
  "secrets.source=generate is for development: outside of it, keys and passwords come from you."
  "Set secrets.source to `existing` and secrets.existing.* to the names of your Secrets,"
  "or to `external` and secrets.external.* to your store."
) }}
{{- end }}
{{- $missing := list }}
{{- if not .Values.postgresql.enabled }}
{{- $needed := list "appUrl" "systemUrl" "ownerUrl" }}
{{- if include "slipway.asksPostgresql" . }}{{ $needed = append $needed "scalerUrl" }}{{ end }}
{{- range $needed }}
{{- if not (index $.Values.postgresql.external .) }}{{ $missing = append $missing (printf "postgresql.external.%s" .) }}{{ end }}
{{- end }}
{{- end }}
{{- if not (or .Values.redis.enabled .Values.redis.external.url) }}{{ $missing = append $missing "redis.external.url" }}{{ end }}
{{- with $missing }}
{{- include "slipway.refuse" (list
  "A store of the chart's own is off, and the chart does not know yours."
  (printf "For development, set %s." (join ", " .))
  "For production, keep passwords out of values: set secrets.source to `existing` or `external`, and put the addresses there."
) }}
{{- end }}
{{- if and .Values.unleash.syncFlags (not .Values.unleash.enabled) }}
{{- include "slipway.refuse" (list
  "unleash.syncFlags needs an admin's password or token of your Unleash server:"
  "set secrets.source to `existing` or `external`, and put it into the Secret for `flags`."
) }}
{{- end }}
{{- end }}

{{/* secrets.source=existing or external: what the chart does not know it cannot give to servers of its own. */}}
{{- define "slipway.checkGiven" -}}
{{- range $store := list "postgresql" "redis" "unleash" }}
{{- if (index $.Values $store).enabled }}
{{- include "slipway.refuse" (list
  (printf "%s.enabled=true goes with secrets.source=generate alone: its password is one that the chart makes." $store)
  (printf "Set %s.enabled=false, and put the address of yours into the Secrets." $store)
) }}
{{- end }}
{{- end }}
{{- if eq .Values.secrets.source "existing" }}{{ include "slipway.checkExisting" . }}{{ end }}
{{- end }}

{{/* secrets.source=existing. */}}
{{- define "slipway.checkExisting" -}}
{{- $needed := list "app" "operator" "scheduler" }}
{{- if include "slipway.asksPostgresql" . }}{{ $needed = append $needed "scaler" }}{{ end }}
{{- if .Values.unleash.syncFlags }}{{ $needed = append $needed "flags" }}{{ end }}
{{- $missing := list }}
{{- range $needed }}
{{- if not (index $.Values.secrets.existing .) }}{{ $missing = append $missing (printf "secrets.existing.%s" .) }}{{ end }}
{{- end }}
{{- with $missing }}
{{- include "slipway.refuse" (list
  (printf "secrets.source=existing: set %s to the names of Secrets in namespace %s." (join ", " .) $.Release.Namespace)
  "What each must hold is said beside these values."
) }}
{{- end }}
{{- end }}

{{/* Whether KEDA reads the backlog from PostgreSQL, for which it needs the Secret `scaler`: "true" or nothing. */}}
{{- define "slipway.asksPostgresql" -}}
{{- if .Values.worker.autoscaling.enabled }}
{{- if eq (include "slipway.autoscaler" (dict "root" . "values" .Values.worker)) "keda" }}true{{ end -}}
{{- end }}
{{- end }}
