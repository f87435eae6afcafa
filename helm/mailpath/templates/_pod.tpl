{{/* What the Pods of the daemon, of the roundtrip and of the test have in common. */}}

{{/* Where the scheduler and the kubelet are told how to run a Pod. */}}
{{- define "mailpath.pod.common" -}}
serviceAccountName: {{ include "mailpath.serviceAccountName" . }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "mailpath.container.common" -}}
image: {{ include "mailpath.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end -}}

{{/*
`${VARIABLE}` in the configuration is known to all that read it. A StatefulSet's Pod knows its share of the paths by its
name.
*/}}
{{- define "mailpath.env" -}}
env:
  - name: POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* One file into a directory of the image, so that others can be mounted beside it: within a ConfigMap's they cannot. */}}
{{- define "mailpath.mounts" -}}
- name: configuration
  mountPath: /etc/mailpath/mailpath.yml
  subPath: mailpath.yml
  readOnly: true
{{- if include "mailpath.sshSecret" . }}
- name: ssh
  mountPath: /etc/mailpath/ssh
  readOnly: true
{{- end }}
- name: tmp
  mountPath: /tmp
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
A Secret's files are root's. With 0400 and fsGroup the kubelet makes them root:65532 0440: the daemon's uid is in that
group, so that it reads the key and can neither change it nor show it to another uid. Without fsGroup it could not read it.
*/}}
{{- define "mailpath.volumes" -}}
- name: configuration
  configMap:
    name: {{ include "mailpath.fullname" . }}
{{- with include "mailpath.sshSecret" . }}
- name: ssh
  secret:
    secretName: {{ . }}
    defaultMode: 0400
    items:
      - {key: id_ed25519, path: id_ed25519}
      - {key: known_hosts, path: known_hosts}
{{- end }}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "mailpath.probe" -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  {{- with (index . 0).Values.web }}
  {{- if ne .scheme "HTTP" }}
  scheme: {{ .scheme }}
  {{- end }}
  {{- with .httpHeaders }}
  httpHeaders:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{ toYaml (index . 2) }}
{{- end -}}
