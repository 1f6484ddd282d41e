{{/* Names and labels. Every name of the chart is made here. */}}

{{/* Name of an own object: (list $ "mlflow") -> RELEASE-mlflow. */}}
{{- define "efface.name" -}}
{{- printf "%s-%s" ((index . 0).Release.Name | trunc 50 | trimSuffix "-") (index . 1) -}}
{{- end -}}

{{/* Objects that the pipeline's pods read. pipelines/placement.py knows these four names. */}}
{{- define "efface.subjectKeySecret" -}}efface{{- end -}}
{{- define "efface.storageSecret" -}}efface-storage{{- end -}}
{{- define "efface.settingsConfigMap" -}}efface-settings{{- end -}}
{{- define "efface.policyConfigMap" -}}efface-policy{{- end -}}

{{/* Where placement.py mounts the policy. */}}
{{- define "efface.policyPath" -}}/etc/efface/policy/policy.yaml{{- end -}}

{{/* Labels of any object: (list $ "mlflow"). */}}
{{- define "efface.labels" -}}
{{- $root := index . 0 -}}
{{ include "efface.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: efface
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels that choose the pods of a component: (list $ "mlflow"). */}}
{{- define "efface.selector" -}}
app.kubernetes.io/name: efface
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Metadata of an own object: (list $ "mlflow"). */}}
{{- define "efface.metadata" -}}
name: {{ include "efface.name" . }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "efface.labels" . | nindent 2 }}
{{- end -}}

{{/* Metadata of an object in the namespace of the pipeline's pods: (list $ "NAME"). */}}
{{- define "efface.kubeflowMetadata" -}}
name: {{ index . 1 }}
namespace: {{ (index . 0).Values.kubeflow.namespace }}
labels:
  {{- include "efface.labels" (list (index . 0) "pipeline") | nindent 2 }}
{{- end -}}
