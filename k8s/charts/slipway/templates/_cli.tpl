{{/*
What makes a pod of `kubectl run` one that the command line works in, as JSON for its --overrides: settings and the operator's
Secret. Its label is the migration's, which may reach the same servers.
*/}}
{{- define "slipway.cliOverrides" -}}
{{- $cli := dict "root" . "component" "migration" "values" (dict "resources" .Values.migration.resources) "image" "slipway-cli" "secret" "operator" }}
{{- $environment := include "slipway.environment" $cli | fromYaml }}
{{- $container := merge (dict "name" "slipway-cli") (include "slipway.container" $cli | fromYaml) $environment }}
{{- $pod := dict
  "automountServiceAccountToken" false
  "enableServiceLinks" false
  "securityContext" (include "slipway.podSecurityContext" $cli | fromYaml)
  "volumes" (include "slipway.volumes" $cli | fromYamlArray)
  "containers" (list $container)
}}
{{- with .Values.image.pullSecrets }}{{ $_ := set $pod "imagePullSecrets" . }}{{ end }}
{{- dict "metadata" (dict "labels" (include "slipway.selectorLabels" $cli | fromYaml)) "spec" $pod | toJson }}
{{- end }}
