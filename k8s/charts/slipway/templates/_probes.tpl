{{/*
Probes on the port of their own, which is answered from threads: a busy event loop does not look dead. Liveness asks the
process alone, never what it depends on, or a database that is away for a minute would cost every model in memory.
*/}}
{{- define "slipway.probes" -}}
startupProbe:
  httpGet: {path: /health/startup, port: metrics}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: {{ div (add .values.startupSeconds 1) 2 }}
readinessProbe:
  httpGet: {path: /health/ready, port: metrics}
  periodSeconds: 3
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /health/live, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}
