{{/* Whether an object is made: (list $ "auto" "KIND") -> "true" or empty.

auto needs a Pushgateway, for there are no numbers without one, and a cluster that knows the kind. */}}
{{- define "efface.monitoringWanted" -}}
{{- $root := index . 0 -}}
{{- $known := $root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" (index . 2)) -}}
{{- $auto := and $known (include "efface.pushgateway" $root) -}}
{{- if or (eq (index . 1) "always") (and (eq (index . 1) "auto") $auto) -}}true{{- end -}}
{{- end -}}

{{/* Metadata with the labels by which Prometheus and Grafana choose: (list $ "rules"). */}}
{{- define "efface.monitoringMetadata" -}}
{{ include "efface.metadata" . }}
{{- with (index . 0).Values.monitoring.labels }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
