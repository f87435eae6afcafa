{{/*
What mailpath must be allowed, by namespace (empty: the cluster), as lists of rules in JSON. It is what `mailpath rbac`
prints for the same configuration, rule by rule and in its order; tests compare the two.
*/}}
{{- define "mailpath.rbac" -}}
{{- $places := dict -}}
{{- range (include "mailpath.paths" . | fromJson).paths -}}
{{- if .discovers -}}
{{- include "mailpath.rbac.add" (list $places "" "" (list "nodes") (list "list" "watch") list) -}}
{{- end -}}
{{- with .log -}}
{{- include "mailpath.rbac.add" (list $places .namespace "" (list "pods") (list "list") list) -}}
{{- include "mailpath.rbac.add" (list $places .namespace "" (list "pods/log") (list "get") list) -}}
{{- end -}}
{{- $lease := .lease -}}
{{- with .kubernetes -}}
{{- $place := .namespace -}}
{{- include "mailpath.rbac.add" (list $places $place "" (list "pods" "services") (list "list" "watch") list) -}}
{{- include "mailpath.rbac.add" (list $places $place "discovery.k8s.io" (list "endpointslices") (list "list" "watch") list) -}}
{{- include "mailpath.rbac.add" (list $places $place "batch" (list "jobs") (list "list" "watch") list) -}}
{{- include "mailpath.rbac.add" (list $places $place "batch" (list "cronjobs") (list "list" "watch") (list .roundtrip_cronjob)) -}}
{{- include "mailpath.rbac.add" (list $places $place "apps" (list "deployments") (list "get") (list .deployment)) -}}
{{- /* by name, and neither listed nor watched: a namespace's ConfigMaps can hold secrets */ -}}
{{- with .config_maps -}}
{{- include "mailpath.rbac.add" (list $places $place "" (list "configmaps") (list "get") (keys . | sortAlpha)) -}}
{{- end -}}
{{- with .certificate_secret -}}
{{- include "mailpath.rbac.add" (list $places $place "" (list "secrets") (list "get") (list .)) -}}
{{- end -}}
{{- if eq .listeners "exec" -}}
{{- include "mailpath.rbac.add" (list $places $place "" (list "pods/exec") (list "get" "create") list) -}}
{{- end -}}
{{- with $lease -}}
{{- include "mailpath.rbac.add" (list $places $place "coordination.k8s.io" (list "leases") (list "get" "update") (list .)) -}}
{{- /* an object that is not there yet has no name that a rule could ask for */ -}}
{{- include "mailpath.rbac.add" (list $places $place "coordination.k8s.io" (list "leases") (list "create") list) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $left := dict -}}
{{- range $place, $rules := $places -}}
{{- $kept := list -}}
{{- range $rule := $rules -}}
{{- $covered := false -}}
{{- range $other := $rules -}}
{{- if and (ne (toJson $other) (toJson $rule)) (include "mailpath.rbac.covers" (list $other $rule)) -}}{{- $covered = true -}}{{- end -}}
{{- end -}}
{{- if not $covered -}}{{- $kept = append $kept $rule -}}{{- end -}}
{{- end -}}
{{- $_ := set $left $place $kept -}}
{{- end -}}
{{- toJson $left -}}
{{- end -}}

{{/* Adds a rule once. Takes a list: the places, one of them, API group, resources, verbs, names (none: any). */}}
{{- define "mailpath.rbac.add" -}}
{{- $places := index . 0 -}}
{{- $place := index . 1 -}}
{{- $rule := dict "apiGroups" (list (index . 2)) "resources" (index . 3) "verbs" (index . 4) -}}
{{- with index . 5 -}}{{- $_ := set $rule "resourceNames" . -}}{{- end -}}
{{- $known := hasKey $places $place | ternary (get $places $place) list -}}
{{- $same := false -}}
{{- range $known -}}{{- if eq (toJson .) (toJson $rule) -}}{{- $same = true -}}{{- end -}}{{- end -}}
{{- if not $same -}}{{- $_ := set $places $place (append $known $rule) -}}{{- end -}}
{{- end -}}

{{/* Says `true` where the first rule allows all that the second one does. */}}
{{- define "mailpath.rbac.covers" -}}
{{- $wide := index . 0 -}}
{{- $narrow := index . 1 -}}
{{- $covers := and (eq (toJson $wide.apiGroups) (toJson $narrow.apiGroups)) (eq (toJson $wide.resourceNames) (toJson $narrow.resourceNames)) -}}
{{- range $narrow.resources -}}{{- if not (has . $wide.resources) -}}{{- $covers = false -}}{{- end -}}{{- end -}}
{{- range $narrow.verbs -}}{{- if not (has . $wide.verbs) -}}{{- $covers = false -}}{{- end -}}{{- end -}}
{{- if $covers }}true{{ end -}}
{{- end -}}
