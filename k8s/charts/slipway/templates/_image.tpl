{{/* Reference of one of our images. Takes (dict "root" $ "name" "slipway-api"). */}}
{{- define "slipway.image" -}}
{{- $image := .root.Values.image -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- .name }}:{{ $image.tag | default .root.Chart.AppVersion -}}
{{- with index $image.digests .name }}@{{ . }}{{ end -}}
{{- end }}
