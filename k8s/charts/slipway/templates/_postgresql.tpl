{{/*
A PostgreSQL server with its data on a volume that outlives the release. Takes the dict of a store, and "account": its superuser,
"arguments": what its command has on top, "configuration": the name of a ConfigMap to mount, or nothing.
*/}}
{{- define "slipway.postgresqlServer" -}}
{{- $name := printf "%s-%s" (include "slipway.fullname" .root) .component -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
spec:
  serviceName: {{ $name }}
  replicas: 1
  revisionHistoryLimit: 5
  # A version that does not start gives way to the next one by itself.
  podManagementPolicy: Parallel
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: Retain
    whenScaled: Retain
  selector:
    matchLabels:
      {{- include "slipway.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      {{- include "slipway.storeMetadata" . | nindent 6 }}
    spec:
      {{- include "slipway.storePodSpec" . | nindent 6 }}
      # The image ends by SIGINT, a fast shutdown: it waits for nobody, and writes a checkpoint.
      terminationGracePeriodSeconds: 60
      containers:
        - name: postgresql
          {{- include "slipway.storeContainer" . | nindent 10 }}
          args:
            - postgres
            {{- range .arguments }}
            - {{ . }}
            {{- end }}
          env:
            - {name: POSTGRES_USER, value: {{ .account }}}
            - {name: POSTGRES_PASSWORD_FILE, value: /run/slipway/password}
          ports:
            - {name: postgresql, containerPort: 5432}
          {{- include "slipway.postgresqlProbes" . | nindent 10 }}
          volumeMounts:
            - {name: data, mountPath: /var/lib/postgresql}
            - {name: secret, mountPath: /run/slipway, readOnly: true}
            {{- if .configuration }}
            - {name: configuration, mountPath: /etc/slipway, readOnly: true}
            {{- end }}
            - {name: socket, mountPath: /var/run/postgresql}
            - {name: tmp, mountPath: /tmp}
            - {name: memory, mountPath: /dev/shm}
      volumes:
        - name: secret
          secret:
            secretName: {{ $name }}
            defaultMode: 0440
        {{- with .configuration }}
        - name: configuration
          configMap:
            name: {{ . }}
        {{- end }}
        - name: socket
          emptyDir:
            sizeLimit: 1Mi
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
        # Parallel queries share memory here.
        - name: memory
          emptyDir:
            medium: Memory
            sizeLimit: 128Mi
  volumeClaimTemplates:
    - metadata:
        name: data
        labels:
          {{- include "slipway.selectorLabels" . | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .values.storage.className }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .values.storage.size }}
{{- end }}

{{/* By TCP: while the first start fills the data folder, the server listens on its socket alone. */}}
{{- define "slipway.postgresqlProbes" -}}
startupProbe:
  exec:
    command: [pg_isready, --quiet, --host=127.0.0.1, --username={{ .account }}]
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 150
readinessProbe:
  exec:
    command: [pg_isready, --quiet, --host=127.0.0.1, --username={{ .account }}]
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  exec:
    command: [pg_isready, --quiet, --host=127.0.0.1, --username={{ .account }}]
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}

{{/*
Connections that the development PostgreSQL accepts. Unless it is given: (the most API pods + the most workers + one more of each
during an update) x 2 roles x the size of a pool, and 30 for the server itself, migrations, the command line and KEDA.
*/}}
{{- define "slipway.maxConnections" -}}
{{- $pods := 2 -}}
{{- range list .Values.api .Values.worker -}}
{{- $pods = add $pods (ternary .autoscaling.maxReplicas .replicas .autoscaling.enabled) -}}
{{- end -}}
{{- $pool := dig "SLIPWAY_DATABASE_POOL_SIZE" 8 .Values.config.settings -}}
{{- .Values.postgresql.maxConnections | default (add 30 (mul $pods 2 (int $pool))) | int -}}
{{- end }}
