{{/*
Every password, token, key and certificate of secrets.source=generate, by name, as JSON. Made once: what the Secret
FULL-credentials of an earlier install or upgrade has is taken from there, and only what is missing is made. Within one
rendering it is remembered among the values, so that every template sees the same.
*/}}
{{- define "slipway.credentials" -}}
{{- if not (hasKey .Values "madeCredentials") }}
{{- include "slipway.checkStores" . }}
{{- $made := dict }}
{{- $kept := lookup "v1" "Secret" .Release.Namespace (printf "%s-credentials" (include "slipway.fullname" .)) }}
{{- range $name, $value := (($kept).data) }}
{{- $_ := set $made $name (b64dec $value) }}
{{- end }}
{{- include "slipway.refuseLostCredentials" (dict "root" . "made" $made) }}
{{- include "slipway.makePasswords" $made }}
{{- include "slipway.makeKeys" $made }}
{{- include "slipway.makeCertificates" (dict "root" . "made" $made) }}
{{- $_ := set .Values "madeCredentials" $made }}
{{- end }}
{{- toJson .Values.madeCredentials }}
{{- end }}

{{/* Letters and digits need no quoting in a URL. Tokens have the form from which Unleash reads project and environment. */}}
{{- define "slipway.makePasswords" -}}
{{- range $name := list "postgres" "owner" "app" "system" "scaler" "redis" "unleash" "unleash-db" "unleash-session" }}
{{- if not (hasKey $ $name) }}{{ $_ := set $ $name (randAlphaNum 32) }}{{ end }}
{{- end }}
{{- range $name, $prefix := dict "unleash-admin-token" "*:*." "unleash-client-token" "default:development." }}
{{- if not (hasKey $ $name) }}{{ $_ := set $ $name (printf "%s%s" $prefix (randAlphaNum 64 | sha256sum)) }}{{ end }}
{{- end }}
{{- end }}

{{/* The master key is 32 bytes in base64, the key of the audit log Ed25519 in PKCS #8. */}}
{{- define "slipway.makeKeys" -}}
{{- if not (hasKey . "master-key") }}{{ $_ := set . "master-key" (randBytes 32) }}{{ end }}
{{- if not (hasKey . "audit-key") }}{{ $_ := set . "audit-key" (genPrivateKey "ed25519") }}{{ end }}
{{- end }}

{{/*
An authority of the release's own and its servers' certificates. They last for ten years; the first upgrade in the tenth
makes all of them anew. A server whose names have changed gets another certificate from the same authority.
*/}}
{{- define "slipway.makeCertificates" -}}
{{- $made := .made }}
{{- $age := sub (now | unixEpoch | int64) (get $made "authority-made" | default 0 | int64) }}
{{- if gt $age 283824000 }}
{{- $authority := genCAWithKey "Slipway, this release's authority" 3650 (genPrivateKey "ecdsa") }}
{{- $_ := set $made "authority-certificate" $authority.Cert }}
{{- $_ := set $made "authority-key" $authority.Key }}
{{- $_ := set $made "authority-made" (now | unixEpoch) }}
{{- $_ := set $made "postgresql-hosts" "" }}
{{- $_ := set $made "gateway-hosts" "" }}
{{- end }}
{{- $full := include "slipway.fullname" .root }}
{{- $inside := printf "%s-postgresql.%s" $full .root.Release.Namespace }}
{{- $postgresql := list (printf "%s-postgresql" $full) $inside (printf "%s.svc" $inside) (printf "%s.svc.cluster.local" $inside) }}
{{- include "slipway.makeCertificate" (dict "made" $made "name" "postgresql" "hosts" $postgresql) }}
{{- $gateway := concat .root.Values.gateway.hostnames (list "localhost" (include "slipway.gatewayName" .root)) | uniq }}
{{- include "slipway.makeCertificate" (dict "made" $made "name" "gateway" "hosts" $gateway "addresses" (list "127.0.0.1" "::1")) }}
{{- end }}

{{- define "slipway.makeCertificate" -}}
{{- $hosts := join " " .hosts }}
{{- if ne $hosts (get .made (printf "%s-hosts" .name)) }}
{{- $authority := buildCustomCert (get .made "authority-certificate" | b64enc) (get .made "authority-key" | b64enc) }}
{{- $issued := genSignedCertWithKey (first .hosts) (.addresses | default list) .hosts 3650 $authority (genPrivateKey "ecdsa") }}
{{- $_ := set .made (printf "%s-certificate" .name) $issued.Cert }}
{{- $_ := set .made (printf "%s-key" .name) $issued.Key }}
{{- $_ := set .made (printf "%s-hosts" .name) $hosts }}
{{- end }}
{{- end }}

{{/* Data whose passwords and keys are gone would only be found out by servers that refuse everybody. */}}
{{- define "slipway.refuseLostCredentials" -}}
{{- $full := include "slipway.fullname" .root }}
{{- $enabled := dict "postgresql" .root.Values.postgresql.enabled "unleash-db" .root.Values.unleash.enabled }}
{{- range $server, $wanted := ternary dict $enabled (not (empty .made)) }}
{{- $volume := printf "data-%s-%s-0" $full $server }}
{{- if and $wanted (lookup "v1" "PersistentVolumeClaim" $.root.Release.Namespace $volume) }}
{{- include "slipway.refuse" (list
  (printf "There is a database of an earlier installation (PersistentVolumeClaim %s), but not the Secret" $volume)
  (printf "%s-credentials with its passwords and with the master key, without which nobody can read it." $full)
  "Restore that Secret, or remove the data:"
  (printf "kubectl delete pvc %s --namespace %s" $volume $.root.Release.Namespace)
) }}
{{- end }}
{{- end }}
{{- end }}
