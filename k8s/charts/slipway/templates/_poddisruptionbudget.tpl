{{/*
Node drains take a component's pods in turns. A largest number of missing pods, not a smallest of running ones: that would
block the drain for ever where a single pod is all there is. Pods that are not ready protect nobody. Takes the component.
*/}}
{{- define "slipway.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "slipway.fullname" .root }}-{{ .component }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .values.podDisruptionBudget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "slipway.selectorLabels" . | nindent 6 }}
{{- end }}
