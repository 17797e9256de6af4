{{/*
Who decides how many pods a component has: `keda` or `hpa`. Takes (dict "root" $ "component" "api" "values" .Values.api), as
does everything here.
*/}}
{{- define "slipway.autoscaler" -}}
{{- $engine := .values.autoscaling.engine -}}
{{- if eq $engine "auto" -}}
{{- ternary "keda" "hpa" (.root.Capabilities.APIVersions.Has "keda.sh/v1alpha1/ScaledObject") -}}
{{- else -}}
{{- $engine -}}
{{- end -}}
{{- end }}

{{/* Refuses bounds that no autoscaler could keep, and to count the sample's jobs where another workload runs. */}}
{{- define "slipway.autoscalingBounds" -}}
{{- with .values.autoscaling -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas is %d, which is more than maxReplicas, %d." $.component (int .minReplicas) (int .maxReplicas)) -}}
{{- end -}}
{{- $class := dig "SLIPWAY_WORKLOAD" "triage.workload:Triage" $.root.Values.config.settings -}}
{{- if and (eq (.workload | default "") "triage") (ne $class "triage.workload:Triage") -}}
{{- fail (printf "Jobs of the sample are counted, but another workload runs: set worker.autoscaling.workload to the `name` of the class %s." $class) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
The CPU that a pod may use before there is another, in per cent of the container's request, which is what autoscalers count
in. Unless it is given, it is 70 % of the limit: beyond, requests begin to wait for the scheduler of the kernel.
*/}}
{{- define "slipway.cpuTarget" -}}
{{- with .values.autoscaling.cpu.averageUtilization -}}
{{- int . -}}
{{- else -}}
{{- $limit := dig "limits" "cpu" "" .values.resources -}}
{{- $request := dig "requests" "cpu" $limit .values.resources -}}
{{- if not $request -}}
{{- fail (printf "%s.resources.requests.cpu is not set: the share of it that is in use is what the autoscaler goes by. Set it, or set %s.autoscaling.enabled to false." .component .component) -}}
{{- end -}}
{{- $limit = include "slipway.millicores" ($limit | default $request) -}}
{{- div (mul 70 $limit) (include "slipway.millicores" $request) -}}
{{- end -}}
{{- end }}

{{/* A quantity of CPU as a whole number of thousandths: 500 for 500m, 0.5 or "0.5". */}}
{{- define "slipway.millicores" -}}
{{- $cpu := toString . -}}
{{- if hasSuffix "m" $cpu }}{{ trimSuffix "m" $cpu }}{{ else }}{{ mulf $cpu 1000 | int }}{{ end -}}
{{- end }}

{{/*
A HorizontalPodAutoscaler on CPU alone, for clusters without KEDA. The container is named, so that one put beside it changes
nothing.
*/}}
{{- define "slipway.horizontalPodAutoscaler" -}}
{{- include "slipway.autoscalingBounds" . -}}
{{- $name := printf "%s-%s" (include "slipway.fullname" .root) .component -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
  annotations:
    # KEDA, once it is installed, may take over in an upgrade: for a moment there are two, and neither does anything.
    validations.keda.sh/hpa-ownership: "false"
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ $name }}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: ContainerResource
      containerResource:
        name: cpu
        container: {{ .component }}
        target:
          type: Utilization
          averageUtilization: {{ include "slipway.cpuTarget" . }}
  behavior:
    {{- toYaml .values.autoscaling.behavior | nindent 4 }}
{{- end }}

{{/*
A ScaledObject but for its triggers. There is no fallback: a metric that cannot be read is never zero, and keeps the
autoscaler from taking pods away (while another metric may still add some).
*/}}
{{- define "slipway.scaledObject" -}}
{{- include "slipway.autoscalingBounds" . -}}
{{- $name := printf "%s-%s" (include "slipway.fullname" .root) .component -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ $name }}
  labels:
    {{- include "slipway.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ $name }}
  minReplicaCount: {{ .values.autoscaling.minReplicas }}
  maxReplicaCount: {{ .values.autoscaling.maxReplicas }}
  advanced:
    # Whoever takes the autoscaler away does not mean to take the pods away.
    restoreToOriginalReplicaCount: false
    horizontalPodAutoscalerConfig:
      behavior:
        {{- toYaml .values.autoscaling.behavior | nindent 8 }}
{{- end }}

{{/* A query of files/ as KEDA sends it: the file's, with the workload's name in it. */}}
{{- define "slipway.query" -}}
{{- .root.Files.Get (printf "files/%s.sql" .name) | replace ":'workload'" (.root.Values.worker.autoscaling.workload | squote) | trim -}}
{{- end }}
