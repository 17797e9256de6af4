{{/*
What the policies are made of. They add up: default-deny closes everything, and each component's own opens what it needs.
Nobody needs an address of the API server. Whoever the kubelet's probes come from is never filtered.
*/}}

{{/* A policy for a component's pods, but for its rules. Takes (dict "root" $ "component" "api"). */}}
{{- define "slipway.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "slipway.fullname" .root }}-{{ .component }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "slipway.selectorLabels" . | nindent 6 }}
{{- end }}

{{/* Our own pods, as peers. Takes (dict "root" $ "components" (list "api" "worker")). */}}
{{- define "slipway.ownPods" -}}
{{- range .components }}
- podSelector:
    matchLabels:
      {{- include "slipway.selectorLabels" (dict "root" $.root "component" .) | nindent 6 }}
{{- end }}
{{- end }}

{{/* A rule for other pods to be let in; none at all without peers, where an empty list would let everybody in. Takes (dict "peers" LIST "port" 9100). */}}
{{- define "slipway.ingressFrom" -}}
{{- with .peers }}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ $.port }}}
{{- end }}
{{- end }}

{{/* A rule for the way to other pods or addresses, at a port or at all of them. Takes (dict "peers" LIST "port" 5432). */}}
{{- define "slipway.egressTo" -}}
{{- with .peers }}
- to:
    {{- toYaml . | nindent 4 }}
  {{- with $.port }}
  ports:
    - {protocol: TCP, port: {{ . }}}
  {{- end }}
{{- end }}
{{- end }}

{{/*
The way to servers: to the chart's own, or to where the values say that they are.
Takes (dict "root" $ "servers" (list "postgresql" "redis" "unleash" "otlp" "logStore")).
*/}}
{{- define "slipway.egressToServers" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $ports := dict "postgresql" 5432 "redis" 6379 "unleash" 4242 -}}
{{- $urls := dict "unleash" "unleashUrl" "otlp" "otlpEndpoint" "logStore" "logStoreUrl" -}}
{{- range $server := .servers }}
{{- $url := get $.root.Values.config (get $urls $server | default "none") }}
{{- $own := dig $server "enabled" false $.root.Values.AsMap }}
{{- if $url }}
{{- include "slipway.egressToUrl" (dict "url" $url "server" $server "peers" (get $policy $server)) }}
{{- else if $own }}
{{- $pods := include "slipway.ownPods" (dict "root" $.root "components" (list $server)) | fromYamlArray }}
{{- include "slipway.egressTo" (dict "peers" $pods "port" (get $ports $server)) }}
{{- else if not (hasKey $urls $server) }}
{{- include "slipway.egressTo" (get $policy $server) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The way to where a URL leads: to the given peers, or else to the namespace in its host name (NAME.NAMESPACE, or more of it).
Addresses are opened at the URL's port; pods at any, since the port of a Service says nothing of theirs.
Takes (dict "url" URL "server" "otlp" "peers" LIST).
*/}}
{{- define "slipway.egressToUrl" -}}
{{- $parsed := urlParse .url -}}
{{- $host := regexReplaceAll ":[0-9]+$" $parsed.host "" -}}
{{- $port := trimPrefix ":" (regexFind ":[0-9]+$" $parsed.host) | default (ternary 443 80 (eq $parsed.scheme "https")) -}}
{{- $inCluster := regexMatch "^[a-z0-9-]+\\.[a-z0-9-]*[a-z-][a-z0-9-]*(\\.svc(\\..+)?)?$" $host -}}
{{- if and (not .peers) (not $inCluster) -}}
{{- fail (printf "networkPolicy.%s is empty, and %q is not NAME.NAMESPACE.svc: say there which pods or addresses that is, such as [{ipBlock: {cidr: 203.0.113.7/32}}]." .server $host) -}}
{{- end -}}
{{- $named := list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" (index (splitList "." $host) 1)))) -}}
{{- range $peer := .peers | default $named }}
{{- include "slipway.egressTo" (dict "peers" (list $peer) "port" (ternary $port "" (hasKey $peer "ipBlock"))) }}
{{- end }}
{{- end }}
