{{/* Redis' users: nobody may look at other clients, rewrite the configuration, or empty the database. Takes the password. */}}
{{- define "slipway.redisUsers" -}}
user default off
user slipway on #{{ sha256sum . }} ~* &* +@all -@admin -@dangerous +info
{{ end }}
