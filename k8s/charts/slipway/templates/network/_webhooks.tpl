{{/*
The way to the receivers of webhooks: public addresses only, as the worker itself checks at each connection (the lists are
those of slipway/webhooks/addresses.py), and the private networks that the settings allow, there on any port.
*/}}
{{- define "slipway.egressToReceivers" -}}
{{- $webhooks := .Values.networkPolicy.webhooks -}}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          - 0.0.0.0/8
          - 10.0.0.0/8
          - 100.64.0.0/10
          - 127.0.0.0/8
          - 168.63.129.16/32
          - 169.254.0.0/16
          - 172.16.0.0/12
          - 192.0.0.0/24
          - 192.0.2.0/24
          - 192.88.99.0/24
          - 192.168.0.0/16
          - 198.18.0.0/15
          - 198.51.100.0/24
          - 203.0.113.0/24
          - 224.0.0.0/4
          - 240.0.0.0/4
          {{- with $webhooks.except }}
          {{- toYaml . | nindent 10 }}
          {{- end }}
    - ipBlock:
        cidr: 2000::/3
        except: ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]
  ports:
    {{- range $webhooks.ports }}
    - {{ toJson (merge (dict "protocol" "TCP") .) }}
    {{- end }}
{{- with regexFindAll "[^,\\s]+" (dig "SLIPWAY_WEBHOOK_ALLOWED_NETWORKS" "" .Values.config.settings | toString) -1 }}
- to:
    {{- range . }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
{{- end }}
{{- end }}
