{{/*
What makes a pod of `kubectl run` one that the command line works in, as JSON for its --overrides: settings and the operator's
Secret. Its label is the migration's, which may reach the same servers. It makes and destroys tenants' keys as workers do, so
it shows the key provider their identity: their ServiceAccount and their volumes.
*/}}
{{- define "slipway.cliOverrides" -}}
{{- $worker := dict "root" . "component" "worker" "values" .Values.worker }}
{{- $values := merge (dict "resources" .Values.migration.resources) (pick .Values.worker "extraVolumes" "extraVolumeMounts") }}
{{- $cli := dict "root" . "component" "migration" "values" $values "image" "slipway-cli" "secret" "operator" "evidence" true }}
{{- $environment := include "slipway.environment" $cli | fromYaml }}
{{- $container := merge (dict "name" "slipway-cli") (include "slipway.container" $cli | fromYaml) $environment }}
{{- $pod := dict
  "serviceAccountName" (include "slipway.serviceAccountName" $worker)
  "automountServiceAccountToken" false
  "enableServiceLinks" false
  "securityContext" (include "slipway.podSecurityContext" $cli | fromYaml)
  "volumes" (include "slipway.volumes" $cli | fromYamlArray)
  "containers" (list $container)
}}
{{- with .Values.image.pullSecrets }}{{ $_ := set $pod "imagePullSecrets" . }}{{ end }}
{{- dict "metadata" (dict "labels" (include "slipway.selectorLabels" $cli | fromYaml)) "spec" $pod | toJson }}
{{- end }}
