{{/*
The development stores come from official images and have users of their own. Each of these takes one dict: root: $, component:
its label, values: its part of the values, user: the number of its user and group.
*/}}

{{/*
Labels and annotations of a store's pod. Only what never changes by itself: a new version of ours, or of the chart, must not
start a database anew. Takes "secret" on top: what the server reads at its start and never again.
*/}}
{{- define "slipway.storeMetadata" -}}
labels:
  {{- include "slipway.selectorLabels" . | nindent 2 }}
annotations:
  checksum/secret: {{ sha256sum .secret }}
{{- end }}

{{- define "slipway.storePodSpec" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- include "slipway.scheduling" . }}
{{- end }}

{{- define "slipway.storeContainer" -}}
image: {{ .values.image }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "slipway.containerSecurityContext" . | nindent 2 }}
resources:
  {{- toYaml .values.resources | nindent 2 }}
{{- end }}

{{/* A Service for the one port of a store. Takes "port": its number, "protocol": its name. */}}
{{- define "slipway.storeService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "slipway.fullname" .root }}-{{ .component }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "slipway.selectorLabels" . | nindent 4 }}
  ports:
    - {name: {{ .protocol }}, port: {{ .port }}, targetPort: {{ .protocol }}}
{{- end }}
