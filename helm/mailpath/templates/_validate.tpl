{{/*
What no schema can say: values that contradict one another. Every fault is told at once, each in a sentence.
*/}}
{{- define "mailpath.validate" -}}
{{- $faults := list -}}
{{- $paths := (include "mailpath.paths" . | fromJson).paths -}}
{{- if not (or .Values.serverName .Values.config.paths) -}}
{{- $faults = append $faults "serverName is empty: set it to the name that the mail server's certificate is for, or give config.paths" -}}
{{- end -}}
{{- if and .Values.serverName .Values.config.paths -}}
{{- $faults = append $faults "serverName is for the path that the chart writes, and config.paths is given: set tls.server_name there, and leave serverName empty" -}}
{{- end -}}
{{- if and .Values.ssh.existingSecret .Values.ssh.privateKey -}}
{{- $faults = append $faults "ssh.existingSecret and ssh.privateKey are both given: give one of them" -}}
{{- end -}}
{{- if and .Values.ssh.privateKey (not .Values.ssh.knownHosts) -}}
{{- $faults = append $faults "ssh.knownHosts is missing: no host key is trusted unseen; fill it from ssh-keyscan, and compare the fingerprints on the edge" -}}
{{- end -}}
{{- range $path := $paths -}}
{{- range $edge := .edges -}}
{{- if and (kindIs "map" .ssh) (not (include "mailpath.sshSecret" $)) -}}
{{- if or (hasPrefix "/etc/mailpath/ssh/" .ssh.key_file) (hasPrefix "/etc/mailpath/ssh/" .ssh.known_hosts_file) -}}
{{- $faults = append $faults (printf "path %s: edge %s is reached by SSH, and no key is given: set ssh.existingSecret, or ssh.privateKey and ssh.knownHosts; or leave the edge's ssh out" $path.name $edge.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (not .lease) (gt (include "mailpath.replicas" $ | int) 1) (eq (int $.Values.shards) 1) -}}
{{- $faults = append $faults (printf "path %s has no kubernetes.lease, and replicaCount is %s: each would do every handshake; add the lease, or set replicaCount to 1" .name (include "mailpath.replicas" $)) -}}
{{- end -}}
{{- with .kubernetes -}}
{{- $names := concat (list .namespace .deployment .roundtrip_cronjob) (keys .config_maps) (list ($path.lease | default "") (.certificate_secret | default "")) -}}
{{- range $names -}}
{{- if contains "${" (toString .) -}}
{{- $faults = append $faults (printf "path %s: %s stands for a name that its Role must have: write the name itself" $path.name .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (gt (int .Values.shards) 1) (not (kindIs "invalid" .Values.replicaCount)) -}}
{{- $faults = append $faults "replicaCount is given, and shards are more than one: there is one Pod for each share; leave replicaCount out" -}}
{{- end -}}
{{- if gt (int .Values.shards) (len $paths | max 1) -}}
{{- $faults = append $faults (printf "shards is %d, and there are %d paths: some would watch nothing" (int .Values.shards) (len $paths)) -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled -}}
{{- $faults = append $faults "serviceMonitor and podMonitor are both enabled: everything would be scraped twice" -}}
{{- end -}}
{{- if .Values.roundtrip.enabled -}}
{{- $with := list -}}
{{- range $paths -}}{{- if .roundtrip -}}{{- $with = append $with .name -}}{{- end -}}{{- end -}}
{{- if not $with -}}
{{- $faults = append $faults "roundtrip.enabled is true, and no path of config has a roundtrip: it says from whom to whom" -}}
{{- else if and .Values.roundtrip.path (not (has .Values.roundtrip.path $with)) -}}
{{- $faults = append $faults (printf "roundtrip.path is %s, and the paths with a roundtrip are: %s" .Values.roundtrip.path (join ", " $with)) -}}
{{- else if and (gt (len $paths) 1) (not .Values.roundtrip.path) -}}
{{- $faults = append $faults (printf "roundtrip.path is missing: it is one of %s" (join ", " $with)) -}}
{{- end -}}
{{- end -}}
{{- $name := include "mailpath.fullname" . -}}
{{- with lookup "apps/v1" "StatefulSet" .Release.Namespace $name -}}
{{- if and (include "mailpath.stateful" $) (ne (empty .spec.volumeClaimTemplates) (not $.Values.persistence.enabled)) -}}
{{- $faults = append $faults (printf "persistence.enabled is not what it was, and the API never changes the volumes of a StatefulSet: run first: kubectl --namespace %s delete statefulset %s --cascade=orphan" $.Release.Namespace $name) -}}
{{- end -}}
{{- end -}}
{{- if $faults -}}
{{- fail (printf "\n%s\n" (join "\n" ($faults | uniq))) -}}
{{- end -}}
{{- end -}}
