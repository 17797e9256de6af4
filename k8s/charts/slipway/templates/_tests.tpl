{{/*
A pod of `helm test`. It runs a file of files/tests in the image of the command line: there is no shell in it to rely on. Takes
(dict "root" $ "name" "api" "arguments" LIST), and "database" for one that asks PostgreSQL as the API does, "certificates" for
one that has to trust the gateway's made certificate.
*/}}
{{- define "slipway.testPod" -}}
{{- $test := dict "root" .root "component" "test" "values" (dict "resources" .root.Values.tests.resources) "image" "slipway-cli" -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "slipway.fullname" .root }}-test-{{ .name }}
  labels:
    {{- include "slipway.labels" $test | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "slipway.podSecurityContext" $test | nindent 4 }}
  restartPolicy: Never
  containers:
    - name: test
      image: {{ include "slipway.image" (dict "root" .root "name" "slipway-cli") }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      securityContext:
        {{- include "slipway.containerSecurityContext" $test | nindent 8 }}
      resources:
        {{- toYaml .root.Values.tests.resources | nindent 8 }}
      command: [python, -c]
      args:
        - |
          {{- .root.Files.Get (printf "files/tests/%s.py" .name) | nindent 10 }}
        {{- range .arguments }}
        - {{ . | quote }}
        {{- end }}
      {{- if .database }}
      env:
        {{- include "slipway.settingsEnv" .root | trim | nindent 8 }}
      {{- end }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if or .database .certificates }}
        - {name: secrets, mountPath: /run/slipway, readOnly: true}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 16Mi
    {{- if .database }}
    {{- $name := include "slipway.secretName" (dict "root" .root "name" "app") }}
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          - secret:
              name: {{ $name }}
              items:
                - {key: slipway_database_app_url, path: slipway_database_app_url}
                - {key: slipway_database_system_url, path: slipway_database_system_url}
          - secret:
              name: {{ $name }}
              optional: true
              items:
                - {key: ca.pem, path: ca.pem}
    {{- else if .certificates }}
    - name: secrets
      secret:
        secretName: {{ .certificates }}
        defaultMode: 0440
        items: [{key: ca.crt, path: ca.pem}]
    {{- end }}
{{- end }}
