{{/* Name of the Secret with the gateway's certificate. */}}
{{- define "slipway.gatewayCertificate" -}}
{{- .Values.gateway.certificate.secretName | default (printf "%s-gateway-tls" (include "slipway.fullname" .)) -}}
{{- end }}

{{/*
A name that the made certificate has for nobody else's: of several gateways' certificates with the same name, as `localhost`,
one controller may show either.
*/}}
{{- define "slipway.gatewayName" -}}
{{- printf "%s-gateway.%s.svc" (include "slipway.fullname" .) .Release.Namespace -}}
{{- end }}

{{/* Whether requests come through the Gateway API: "true" or nothing. */}}
{{- define "slipway.hasRoute" -}}
{{- if or .Values.route.enabled .Values.gateway.create }}true{{ end -}}
{{- end }}

{{/* The hosts of the route: its own, else the gateway's; none means any. */}}
{{- define "slipway.routeHostnames" -}}
{{- with .Values.route.hostnames | default .Values.gateway.hostnames -}}
hostnames:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The listeners of one port: one for each host, or one for all. Takes (dict "root" $ "name" "https" "port" 8443). */}}
{{- define "slipway.listeners" -}}
{{- $gateway := .root.Values.gateway -}}
{{- range $index, $host := $gateway.hostnames | default (list "") }}
- name: {{ $.name }}{{ if $host }}-{{ $index }}{{ end }}
  port: {{ int $.port }}
  protocol: {{ upper $.name }}
  {{- with $host }}
  hostname: {{ . | quote }}
  {{- end }}
  {{- if eq $.name "https" }}
  tls:
    mode: Terminate
    certificateRefs:
      - name: {{ include "slipway.gatewayCertificate" $.root }}
  {{- end }}
  allowedRoutes:
    namespaces:
      from: Same
{{- end }}
{{- end }}

{{/* References to the listeners above. Takes (dict "root" $ "name" "https"). */}}
{{- define "slipway.parents" -}}
{{- range $index, $host := .root.Values.gateway.hostnames | default (list "") }}
- name: {{ include "slipway.fullname" $.root }}
  sectionName: {{ $.name }}{{ if $host }}-{{ $index }}{{ end }}
{{- end }}
{{- end }}

{{/* What the public may call: predictions, jobs, webhooks, models, and their documentation. Neither probes nor metrics. */}}
{{- define "slipway.publicPaths" -}}
- {type: Prefix, value: /v1}
- {type: Exact, value: /docs}
- {type: Exact, value: /openapi.json}
{{- end }}
