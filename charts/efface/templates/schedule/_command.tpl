{{/* What the Jobs run, and the parameters that the pipeline gets. */}}

{{- define "efface.scheduleCommand" -}}
- efface
- schedule
- {{ printf "--name=%s" .Values.schedule.name | quote }}
- {{ printf "--cron=%s" (include "efface.cron" .) | quote }}
- --params=/etc/efface/run/params.yaml
{{- if .Values.schedule.graph }}
- --pipeline=/etc/efface/run/graph.yaml
{{- end }}
- {{ printf "--core-image=%s" (include "efface.image" (list . "core")) | quote }}
- {{ printf "--gpu-image=%s" (include "efface.image" (list . "gpu")) | quote }}
- {{ printf "--pull-policy=%s" .Values.image.pullPolicy | quote }}
- {{ printf "--service-account=%s" .Values.kubeflow.serviceAccount | quote }}
{{- end -}}

{{/* efface ends with 2 when there is no such recurring run, which is as well. */}}
{{- define "efface.unscheduleCommand" -}}
- sh
- -c
- efface schedule --delete "$0" || test $? -eq 2
- {{ .Values.schedule.name | quote }}
{{- end -}}

{{/* The parameters, with the defaults that the chart knows; refuses what would fail every night. */}}
{{- define "efface.scheduleParameters" -}}
{{- $known := dict -}}
{{- with include "efface.registry" . }}{{ $_ := set $known "registry" . }}{{ end -}}
{{- if .Values.policy }}{{ $_ := set $known "policy" (include "efface.policyPath" .) }}{{ end -}}
{{- $parameters := merge (deepCopy .Values.schedule.parameters) $known -}}
{{- range list "tickets" "dataset" "model" "name" "workspace" -}}
{{- if not (get $parameters .) -}}
{{- fail (printf "schedule.enabled needs schedule.parameters.%s; charts/efface/README.md has an example" .) -}}
{{- end -}}
{{- end -}}
{{- range list "gpus" "cpu" "memory" "gpu_cpu" "gpu_memory" -}}
{{- $given := get $parameters . -}}
{{- if and (hasKey $parameters .) (not (kindIs "string" $given)) -}}
{{- fail (printf "schedule.parameters.%s is a text: write \"%v\", with quotes, or --set-string schedule.parameters.%s=%v" . $given . $given) -}}
{{- end -}}
{{- end -}}
{{- if not (get $parameters "policy") -}}
{{- fail "schedule.enabled needs a policy: give --set-file policy=FILE, or schedule.parameters.policy" -}}
{{- end -}}
{{- if not (get $parameters "registry") -}}
{{- fail "schedule.enabled needs an MLflow: set registry to its address, or mlflow.enabled=true" -}}
{{- end -}}
{{- toYaml $parameters -}}
{{- end -}}
