{{/* Names and labels of every object. */}}

{{- define "mailpath.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 52 characters: what a CronJob's name may have (batch/v1), and a StatefulSet's Pods have more behind it. */}}
{{- define "mailpath.fullname" -}}
{{- $name := include "mailpath.name" . -}}
{{- $whole := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $whole | trunc 42 | trimSuffix "-" -}}
{{- end -}}

{{- define "mailpath.serviceAccountName" -}}
{{- $own := .Values.serviceAccount.create | ternary (include "mailpath.fullname" .) "default" -}}
{{- .Values.serviceAccount.name | default $own -}}
{{- end -}}

{{/* What never changes in the life of a release: by these the Service finds the Pods. */}}
{{- define "mailpath.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mailpath.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mailpath.labels" -}}
{{ include "mailpath.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "mailpath.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "mailpath.sshSecret" -}}
{{- .Values.ssh.existingSecret | default (.Values.ssh.privateKey | empty | ternary "" (printf "%s-ssh" (include "mailpath.fullname" .))) -}}
{{- end -}}

{{/* A StatefulSet where Pods must be told apart: by their share of the paths, or by their volume. */}}
{{- define "mailpath.stateful" -}}
{{- if or (gt (int .Values.shards) 1) .Values.persistence.enabled }}true{{ end -}}
{{- end -}}

{{- define "mailpath.replicas" -}}
{{- if gt (int .Values.shards) 1 -}}
{{ .Values.shards }}
{{- else if kindIs "invalid" .Values.replicaCount -}}
{{ include "mailpath.everyPathElects" . | empty | ternary 1 2 }}
{{- else -}}
{{ .Values.replicaCount }}
{{- end -}}
{{- end -}}
