{{/* The configuration, and what the other templates must know of it. Defaults are the daemon's own: files/defaults.yaml. */}}

{{/* mailpath.yml, as a mapping in JSON. Without paths it is the runbook's one, for the server's name. */}}
{{- define "mailpath.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if not $config.paths -}}
{{- $path := dict "name" "home" "nodes" (dict "kubernetes" dict) "tls" (dict "server_name" .Values.serverName) -}}
{{- $_ := set $path "edges" (list (dict "ssh" dict)) -}}
{{- $_ := set $path "maillog" (dict "kubernetes" dict) -}}
{{- $_ := set $path "kubernetes" (dict "lease" dict) -}}
{{- $_ := set $config "paths" (list $path) -}}
{{- end -}}
{{- toJson $config -}}
{{- end -}}

{{/* A block with its defaults, key by key and not deeper, as the daemon fills it in. Takes a list: the block, the defaults. */}}
{{- define "mailpath.filled" -}}
{{- $filled := deepCopy (index . 0) -}}
{{- range $key, $value := index . 1 -}}
{{- if not (hasKey $filled $key) -}}{{- $_ := set $filled $key $value -}}{{- end -}}
{{- end -}}
{{- toJson $filled -}}
{{- end -}}

{{- define "mailpath.defaults" -}}
{{- .Files.Get "files/defaults.yaml" | fromYaml | toJson -}}
{{- end -}}

{{/*
What each path needs of its surroundings, as {"paths": […]} in JSON, with defaults filled in: `kubernetes` and `log`
(absent where that source is off), `lease`, `discovers`, `nodes`, `edges` and `services` (those that are not dropped).
*/}}
{{- define "mailpath.paths" -}}
{{- $defaults := include "mailpath.defaults" . | fromJson -}}
{{- $paths := list -}}
{{- range (include "mailpath.config" . | fromJson).paths -}}
{{- $path := dict "name" .name -}}
{{- $nodes := .nodes | default dict -}}
{{- $_ := set $path "nodes" ($nodes.static | default list) -}}
{{- $_ := set $path "discovers" (kindIs "map" $nodes.kubernetes) -}}
{{- $cluster := include "mailpath.filled" (list (.kubernetes | default dict) $defaults.kubernetes) | fromJson -}}
{{- if kindIs "map" .kubernetes -}}
{{- $_ := set $path "kubernetes" $cluster -}}
{{- if kindIs "map" $cluster.lease -}}
{{- $_ := set $path "lease" ($cluster.lease.name | default $defaults.lease.name) -}}
{{- end -}}
{{- end -}}
{{- $log := (.maillog | default dict).kubernetes -}}
{{- if kindIs "map" $log -}}
{{- $filled := include "mailpath.filled" (list $log $defaults.log) | fromJson -}}
{{- $_ := set $path "log" (dict "namespace" ($filled.namespace | default $cluster.namespace) "selector" $filled.selector) -}}
{{- end -}}
{{- $services := dict -}}
{{- $given := .services | default dict -}}
{{- range $name := concat (keys $defaults.services) (keys $given) | uniq | sortAlpha -}}
{{- $entry := get $given $name -}}
{{- if or (not (hasKey $given $name)) (kindIs "map" $entry) -}}
{{- $known := hasKey $defaults.services $name | ternary (get $defaults.services $name) dict -}}
{{- $_ := set $services $name (include "mailpath.filled" (list ($entry | default dict) $known) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $path "services" (values $services) -}}
{{- $edges := list -}}
{{- range .edges -}}
{{- $edge := include "mailpath.filled" (list . $defaults.edge) | fromJson -}}
{{- if kindIs "map" $edge.ssh -}}
{{- $_ := set $edge "ssh" (include "mailpath.filled" (list $edge.ssh $defaults.ssh) | fromJson) -}}
{{- end -}}
{{- $edges = append $edges $edge -}}
{{- end -}}
{{- $_ := set $path "edges" $edges -}}
{{- with .roundtrip -}}{{- $_ := set $path "roundtrip" . -}}{{- end -}}
{{- $paths = append $paths $path -}}
{{- end -}}
{{- dict "paths" $paths | toJson -}}
{{- end -}}

{{- define "mailpath.everyPathElects" -}}
{{- $elects := true -}}
{{- range (include "mailpath.paths" . | fromJson).paths -}}
{{- if not .lease -}}{{- $elects = false -}}{{- end -}}
{{- end -}}
{{- if $elects }}true{{ end -}}
{{- end -}}

{{/* Whether a path reads anything of a cluster. */}}
{{- define "mailpath.readsCluster" -}}
{{- range (include "mailpath.paths" . | fromJson).paths -}}
{{- if or .discovers .log .kubernetes -}}true{{- end -}}
{{- end -}}
{{- end -}}
