{{/* A component's ServiceAccount. Takes the component (see _pod.tpl). */}}
{{- define "slipway.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "slipway.serviceAccountName" . }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
  {{- with .values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
