{{/* The two Jobs of the schedule differ in their command only. */}}

{{/* Annotations of a hook: (list "pre-delete"). */}}
{{- define "efface.hook" -}}
helm.sh/hook: {{ index . 0 }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
# Helm 3.18 and newer show the Job's log when it failed.
helm.sh/hook-output-log-policy: hook-failed
{{- end -}}

{{/* Spec of a Job: (list $ "COMMAND, a YAML list"). */}}
{{- define "efface.scheduleJob" -}}
{{- $root := index . 0 -}}
{{- with $root.Values -}}
backoffLimit: {{ .schedule.backoffLimit }}
activeDeadlineSeconds: {{ .schedule.activeDeadlineSeconds }}
# A failed hook belongs to no release: this removes it.
ttlSecondsAfterFinished: 3600
podFailurePolicy:
  rules:
    # efface ends with 2 for wrong input, which no second try mends.
    - action: FailJob
      onExitCodes: {operator: In, values: [2]}
template:
  metadata:
    labels:
      {{- include "efface.labels" (list $root "schedule") | nindent 6 }}
  spec:
    {{- include "efface.pod" (list $root "schedule") | nindent 4 }}
    restartPolicy: Never
    containers:
      - name: schedule
        image: {{ include "efface.image" (list $root "core") }}
        imagePullPolicy: {{ .image.pullPolicy }}
        command:
          {{- index $ 1 | nindent 10 }}
        env:
          - name: HOME
            value: /tmp
          - name: EFFACE_HOME
            value: /tmp/efface
          - name: EFFACE_KFP_HOST
            value: {{ include "efface.kubeflowHost" $root | quote }}
          - name: EFFACE_KFP_NAMESPACE
            value: {{ .kubeflow.namespace }}
          {{- if .kubeflow.tokenAudience }}
          - name: EFFACE_KFP_TOKEN_FILE
            value: /var/run/secrets/kubeflow/pipelines/token
          {{- end }}
        {{- include "efface.container" $root | nindent 8 }}
        resources:
          {{- toYaml .schedule.resources | nindent 10 }}
        volumeMounts:
          - name: parameters
            mountPath: /etc/efface/run
            readOnly: true
          - name: tmp
            mountPath: /tmp
          {{- if .kubeflow.tokenAudience }}
          - name: token
            mountPath: /var/run/secrets/kubeflow/pipelines
            readOnly: true
          {{- end }}
    volumes:
      - name: parameters
        configMap:
          name: {{ include "efface.name" (list $root "schedule") }}
      - name: tmp
        emptyDir: {}
      {{- with .kubeflow.tokenAudience }}
      - name: token
        projected:
          sources:
            - serviceAccountToken:
                path: token
                audience: {{ . }}
                expirationSeconds: 3600
      {{- end }}
    {{- with include "efface.nodes" (list $root "schedule") }}
    {{- . | trim | nindent 4 }}
    {{- end }}
{{- end }}
{{- end -}}
