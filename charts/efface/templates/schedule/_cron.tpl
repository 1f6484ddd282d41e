{{/* The cron expression, once it is known to be one, by the rule of `efface schedule`. */}}
{{- define "efface.cron" -}}
{{- $months := list "jan" "feb" "mar" "apr" "may" "jun" "jul" "aug" "sep" "oct" "nov" "dec" -}}
{{- $days := list "sun" "mon" "tue" "wed" "thu" "fri" "sat" -}}
{{- $fields := list
  (list "second" 0 59 list)
  (list "minute" 0 59 list)
  (list "hour" 0 23 list)
  (list "day of month" 1 31 list)
  (list "month" 1 12 $months)
  (list "day of week" 0 6 $days)
-}}
{{- $cron := .Values.schedule.cron -}}
{{- range $i, $word := splitList " " $cron -}}
{{- range $item := splitList "," $word -}}
{{- if ne (include "efface.cronItemFits" (list (lower $item) (index $fields $i))) "yes" -}}
{{- $field := index $fields $i -}}
{{- fail (printf "schedule.cron %q: %q is no %s; use %d to %d, *, ranges a-b, steps /n, or a list of these with commas" $cron $item (index $field 0) (index $field 1) (index $field 2)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $cron -}}
{{- end -}}

{{/* "yes" when an item fits its field: (list "mon-fri/2" (list NAME LOWEST HIGHEST WORDS)). */}}
{{- define "efface.cronItemFits" -}}
{{- $item := index . 0 -}}
{{- $lowest := index . 1 1 -}}
{{- $words := index . 1 3 -}}
{{- $shape := "^([*?]|([0-9]{1,2}|[a-z]{3})(-([0-9]{1,2}|[a-z]{3}))?)(/(0?[1-9]|[1-9][0-9]))?$" -}}
{{- $fits := regexMatch $shape $item -}}
{{- $before := $lowest -}}
{{- range $end := regexFindAll "[0-9]+|[a-z]+" (index (splitList "/" $item) 0) -1 -}}
{{- $number := -1 -}}
{{- if regexMatch "^[0-9]{1,2}$" $end -}}
{{- $number = atoi $end -}}
{{- else -}}
{{- range $i, $word := $words }}{{ if eq $word $end }}{{ $number = add $i $lowest | int }}{{ end }}{{ end -}}
{{- end -}}
{{- if or (lt $number $before) (gt $number (index $ 1 2)) }}{{ $fits = false }}{{ end -}}
{{- $before = $number -}}
{{- end -}}
{{- if $fits }}yes{{ end -}}
{{- end -}}
