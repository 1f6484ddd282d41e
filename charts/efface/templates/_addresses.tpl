{{/* Images and addresses, worked out of the values. */}}

{{/* One of the two images, with registry, tag and digest: (list $ "core"). */}}
{{- define "efface.image" -}}
{{- $image := (index . 0).Values.image -}}
{{- with $image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- get $image (index . 1) }}:{{ $image.tag | default (index . 0).Chart.AppVersion -}}
{{- with get $image (printf "%sDigest" (index . 1)) }}@{{ . }}{{ end -}}
{{- end -}}

{{/* The Kubeflow Pipelines API. */}}
{{- define "efface.kubeflowHost" -}}
{{- .Values.kubeflow.host | default (printf "http://ml-pipeline.%s.svc:8888" .Values.kubeflow.namespace) -}}
{{- end -}}

{{/* MLflow as the steps reach it; empty: none. */}}
{{- define "efface.registry" -}}
{{- if .Values.registry -}}
{{- .Values.registry -}}
{{- else if .Values.mlflow.enabled -}}
{{- printf "http://%s.%s.svc:5000" (include "efface.name" (list . "mlflow")) .Release.Namespace -}}
{{- end -}}
{{- end -}}

{{/* The Pushgateway as the steps reach it; empty: none. */}}
{{- define "efface.pushgateway" -}}
{{- if .Values.pushgateway.url -}}
{{- .Values.pushgateway.url -}}
{{- else if .Values.pushgateway.enabled -}}
{{- printf "http://%s.%s.svc:9091" (include "efface.name" (list . "pushgateway")) .Release.Namespace -}}
{{- end -}}
{{- end -}}
