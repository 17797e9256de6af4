{{/*
An install's migration is part of the release: the chart's own PostgreSQL comes up beside it, and pods become ready when the
schema is there. An upgrade's is a hook: when it fails, the upgrade stops before any pod changes, and the Job stays to be read.
Takes (dict "root" $ "weight" "0").
*/}}
{{- define "slipway.migrationHook" -}}
{{- if not .root.Release.IsInstall }}
helm.sh/hook: pre-upgrade
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
{{- end }}
