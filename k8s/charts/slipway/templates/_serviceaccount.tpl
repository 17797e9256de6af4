{{/* A component's ServiceAccount. Takes the component (see _pod.tpl), and "hook": annotations that make it one. */}}
{{- define "slipway.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "slipway.serviceAccountName" . }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
  {{- if or .hook .values.serviceAccount.annotations }}
  annotations:
    {{- .hook | default "" | trim | nindent 4 }}
    {{- with .values.serviceAccount.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
