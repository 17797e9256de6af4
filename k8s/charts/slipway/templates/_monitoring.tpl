{{/* "true" if an object of Prometheus' operator is to be made. Takes (dict "root" $ "wanted" auto|true|false "kind" "PodMonitor"). */}}
{{- define "slipway.monitored" -}}
{{- if eq (toString .wanted) "auto" -}}
{{- with .root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind) }}true{{ end -}}
{{- else if .wanted -}}
true
{{- end -}}
{{- end }}

{{/* Alerts that would cry without a reason, as these values are. */}}
{{- define "slipway.needlessAlerts" -}}
{{- if and .Values.worker.autoscaling.enabled (lt (int .Values.worker.autoscaling.minReplicas) 1) }}
- WorkersDown
{{- end }}
{{- if not (or .Values.unleash.enabled .Values.config.unleashUrl) }}
- FlagsStale
{{- end }}
{{- end }}
