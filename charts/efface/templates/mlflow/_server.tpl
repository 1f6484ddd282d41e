{{/* How the MLflow server is started. */}}

{{/* Whether the server keeps anything on its volume: "true" or empty. */}}
{{- define "efface.mlflowVolume" -}}
{{- if not (and .Values.mlflow.database.existingSecret .Values.mlflow.artifacts.destination) -}}true{{- end -}}
{{- end -}}

{{/* Whether the server reaches for anything outside its pod: "true" or empty. */}}
{{- define "efface.mlflowOutside" -}}
{{- if or .Values.mlflow.database.existingSecret .Values.mlflow.artifacts.destination -}}true{{- end -}}
{{- end -}}

{{/* Host headers that are answered: the Service's names with and without the port, port-forwards. */}}
{{- define "efface.mlflowHosts" -}}
{{- $name := include "efface.name" (list . "mlflow") -}}
{{- $namespaced := printf "%s.%s" $name .Release.Namespace -}}
{{- $service := list $name $namespaced (printf "%s.svc" $namespaced) (printf "%s.svc.cluster.local" $namespaced) -}}
{{- $hosts := list -}}
{{- range concat $service .Values.mlflow.allowedHosts -}}
{{- $hosts = concat $hosts (list . (printf "%s:5000" .)) -}}
{{- end -}}
{{- concat $hosts (list "localhost" "localhost:*" "127.0.0.1" "127.0.0.1:*") | uniq | join "," -}}
{{- end -}}

{{- define "efface.mlflowCommand" -}}
- mlflow
- server
- --host=0.0.0.0
- --port=5000
- --workers=1
- --allowed-hosts={{ include "efface.mlflowHosts" . }}
- --artifacts-destination={{ .Values.mlflow.artifacts.destination | default "/var/lib/mlflow/artifacts" }}
{{- end -}}

{{- define "efface.mlflowEnvironment" -}}
- name: HOME
  value: /tmp
- name: MLFLOW_DISABLE_TELEMETRY
  value: "true"
- name: MLFLOW_BACKEND_STORE_URI
{{- with .Values.mlflow.database }}
{{- if .existingSecret }}
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .key }}
{{- else }}
  value: sqlite:////var/lib/mlflow/mlflow.db
{{- end }}
{{- end }}
{{- with .Values.storage.endpointUrl }}
- name: MLFLOW_S3_ENDPOINT_URL
  value: {{ . | quote }}
# Many an S3-compatible store knows neither bucket names in host names nor the newer checksums.
- name: MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE
  value: path
- name: AWS_REQUEST_CHECKSUM_CALCULATION
  value: when_required
- name: AWS_RESPONSE_CHECKSUM_VALIDATION
  value: when_required
{{- end }}
{{- with .Values.storage.region }}
- name: AWS_DEFAULT_REGION
  value: {{ . | quote }}
{{- end }}
{{- end -}}
