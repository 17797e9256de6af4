{{/*
What everything is called: the release, unless it says "slipway" itself. 41 characters and the longest end, -unleash-db, make 52:
a StatefulSet's pods have its name in a label of 63, with a digest of 10 behind it.
*/}}
{{- define "slipway.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 41 | trimSuffix "-" -}}
{{- end }}

{{/* Labels of an object. Takes (dict "root" $ "component" "api"). */}}
{{- define "slipway.labels" -}}
{{ include "slipway.selectorLabels" . }}
{{ include "slipway.versionLabel" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." }}
{{- end }}

{{/* The version that runs: dashboards tell an old pod from a new one by it. */}}
{{- define "slipway.versionLabel" -}}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | trunc 63 | trimAll "-_." | quote }}
{{- end }}

{{/* Labels that find a component's pods; they never change. Takes (dict "root" $ "component" "api"). */}}
{{- define "slipway.selectorLabels" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Name of a component's ServiceAccount. Takes the component (see _pod.tpl). */}}
{{- define "slipway.serviceAccountName" -}}
{{- $own := printf "%s-%s" (include "slipway.fullname" .root) (.name | default .component) -}}
{{- .values.serviceAccount.name | default (ternary $own "default" .values.serviceAccount.create) -}}
{{- end }}
