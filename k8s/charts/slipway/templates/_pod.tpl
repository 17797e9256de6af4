{{/*
What our pods have in common. Each of these takes one dict, "the component":
  root: $, component: its label, values: its part of the values, image: its image, secret: whose Secret it mounts,
  name: the end of its objects' names, where that is not the label,
  evidence: whether it writes what must outlive the database; `read`: whether it only reads it.
*/}}

{{/*
Labels and annotations of a pod. A changed setting or a changed Secret of the chart's own changes the pod, so that it is
replaced; a new version of the chart alone does not.
*/}}
{{- define "slipway.podMetadata" -}}
labels:
  {{- include "slipway.selectorLabels" . | nindent 2 }}
  {{- include "slipway.versionLabel" . | nindent 2 }}
  {{- with .values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/config: {{ include "slipway.settings" .root | sha256sum }}
  {{- with include "slipway.secretChecksum" (dict "root" .root "name" .secret) }}
  checksum/secret: {{ . }}
  {{- end }}
  {{- with .values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The fields of a pod beside its containers. Without service links: the Service of the API would set SLIPWAY_API_PORT. */}}
{{- define "slipway.podSpec" -}}
serviceAccountName: {{ include "slipway.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "slipway.podSecurityContext" . | nindent 2 }}
{{- include "slipway.scheduling" . }}
{{- with .values.extraInitContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  {{- include "slipway.volumes" . | nindent 2 }}
{{- end }}

{{/* Where a pod may run. Spread constraints count the pods of the component, each version for itself, unless they say otherwise. */}}
{{- define "slipway.scheduling" -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with index $.values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{- toYaml . | nindent 4 }}
    {{- if not .labelSelector }}
    labelSelector:
      matchLabels:
        {{- include "slipway.selectorLabels" $ | nindent 8 }}
    {{- if not .matchLabelKeys }}
    matchLabelKeys: [pod-template-hash]
    {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The fields of our container beside its command, ports, probes and life cycle. */}}
{{- define "slipway.container" -}}
image: {{ include "slipway.image" (dict "root" .root "name" .image) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "slipway.containerSecurityContext" . | nindent 2 }}
resources:
  {{- toYaml .values.resources | nindent 2 }}
volumeMounts:
  - name: secrets
    mountPath: /run/slipway
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- if .evidence }}
  - name: evidence
    mountPath: /var/lib/slipway/evidence
    {{- if eq (toString .evidence) "read" }}
    readOnly: true
    {{- end }}
  {{- end }}
  {{- if include "slipway.tenantKeys" . }}
  - name: tenant-keys
    mountPath: /keys
    readOnly: {{ eq .component "api" }}
  {{- end }}
  {{- with .values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Where a serving process has its settings from: the ConfigMap, then what is the component's own. */}}
{{- define "slipway.environment" -}}
envFrom:
  - configMapRef:
      name: {{ include "slipway.fullname" .root }}-config
  {{- with .values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with include "slipway.env" (dict "own" (include "slipway.drainEnv" .) "values" .values) }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Variables of ours, in YAML, but for those that extraEnv has as well, and then those. Takes (dict "own" YAML "values" .Values.api). */}}
{{- define "slipway.env" -}}
{{- $variables := .values.extraEnv | default list -}}
{{- $taken := list -}}
{{- range $variables }}{{ $taken = append $taken .name }}{{ end -}}
{{- range .own | fromYamlArray | reverse }}
{{- if not (has .name $taken) }}{{ $variables = prepend $variables . }}{{ end -}}
{{- end -}}
{{- with $variables }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/* The claim of the local key provider's files, for whoever opens or makes tenants' keys; nothing without one. */}}
{{- define "slipway.tenantKeys" -}}
{{- if has .component (list "api" "worker" "migration") }}{{ .root.Values.tenantKeys.existingClaim }}{{ end }}
{{- end }}

{{/*
Secrets of the component alone, readable by its group; a place that can be written to, which is never on a disk; and the
evidence, on the claim of the values. Without one it lives and dies with the pod.
*/}}
{{- define "slipway.volumes" -}}
- name: secrets
  secret:
    secretName: {{ include "slipway.secretName" (dict "root" .root "name" .secret) }}
    defaultMode: 0440
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 64Mi
{{- if .evidence }}
- name: evidence
  {{- with .root.Values.evidence.claim }}
  persistentVolumeClaim:
    claimName: {{ . }}
  {{- else }}
  emptyDir:
    sizeLimit: 128Mi
  {{- end }}
{{- end }}
{{- with include "slipway.tenantKeys" . }}
- name: tenant-keys
  persistentVolumeClaim:
    claimName: {{ . }}
{{- end }}
{{- with .values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
