{{/* Seconds from the pod's deletion to the kill: all that the process may take, and something on top. */}}
{{- define "slipway.graceSeconds" -}}
{{- with .values.drain }}{{ add (.preStopSeconds | default 0) .seconds .marginSeconds }}{{ end -}}
{{- end }}

{{/* What the process has to know of it. */}}
{{- define "slipway.drainEnv" -}}
{{- with .values.drain }}
- name: SLIPWAY_DRAIN_SECONDS
  value: {{ .seconds | quote }}
{{- with .lingerSeconds }}
- name: SLIPWAY_LINGER_SECONDS
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
