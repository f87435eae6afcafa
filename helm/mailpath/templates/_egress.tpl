{{/*
Where the Pods may go, as lists of a NetworkPolicy's egress rules in JSON: what the configuration names, and no more.
A rule without `to` is for any address, on its ports alone.
*/}}

{{/* One rule. Takes a list: peers, ports. */}}
{{- define "mailpath.egress.rule" -}}
{{- $ports := list -}}
{{- range index . 1 | uniq -}}{{- $ports = append $ports (dict "port" (int .) "protocol" "TCP") -}}{{- end -}}
{{- $rule := dict "ports" $ports -}}
{{- with index . 0 -}}{{- $_ := set $rule "to" . -}}{{- end -}}
{{- toJson $rule -}}
{{- end -}}

{{/* Peers for an address: none, which is any address, for a name. As {"peers": […]}. */}}
{{- define "mailpath.egress.peers" -}}
{{- $peers := list -}}
{{- if regexMatch "^[0-9]+(\\.[0-9]+){3}$" . -}}
{{- $peers = list (dict "ipBlock" (dict "cidr" (printf "%s/32" .))) -}}
{{- else if regexMatch "^[0-9a-fA-F:]+:[0-9a-fA-F:.]*$" . -}}
{{- $peers = list (dict "ipBlock" (dict "cidr" (printf "%s/128" .))) -}}
{{- end -}}
{{- dict "peers" $peers | toJson -}}
{{- end -}}

{{/* Peers for networks. */}}
{{- define "mailpath.egress.networks" -}}
{{- $peers := list -}}
{{- range . -}}{{- $peers = append $peers (dict "ipBlock" (dict "cidr" .)) -}}{{- end -}}
{{- dict "peers" $peers | toJson -}}
{{- end -}}

{{/* The rule for a URL; one that stands in a variable is taken for https. */}}
{{- define "mailpath.egress.url" -}}
{{- $authority := regexReplaceAll "^.*@" (regexReplaceAll "^https?://([^/?#]*).*$" . "${1}") "" -}}
{{- $port := regexFind ":[0-9]+$" $authority | trimPrefix ":" -}}
{{- $host := regexReplaceAll ":[0-9]+$" $authority "" | trimPrefix "[" | trimSuffix "]" -}}
{{- $peers := (include "mailpath.egress.peers" $host | fromJson).peers -}}
{{- include "mailpath.egress.rule" (list $peers (list ($port | default (hasPrefix "http://" . | ternary 80 443)))) -}}
{{- end -}}

{{- define "mailpath.egress.dns" -}}
{{- $rule := dict "ports" (list (dict "port" 53 "protocol" "UDP") (dict "port" 53 "protocol" "TCP")) -}}
{{- with .Values.networkPolicy.dnsTo -}}{{- $_ := set $rule "to" . -}}{{- end -}}
{{- toJson $rule -}}
{{- end -}}

{{/* The daemon's. */}}
{{- define "mailpath.egress.daemon" -}}
{{- $policy := .Values.networkPolicy -}}
{{- $rules := list (include "mailpath.egress.dns" . | fromJson) -}}
{{- if include "mailpath.readsCluster" . -}}
{{- $peers := (include "mailpath.egress.networks" $policy.apiServerNetworks | fromJson).peers -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list $peers $policy.apiServerPorts) | fromJson) -}}
{{- end -}}
{{- range $path := (include "mailpath.paths" . | fromJson).paths -}}
{{- $nodePorts := list -}}
{{- $frontends := list -}}
{{- $listeners := list -}}
{{- range .services -}}
{{- $nodePorts = concat $nodePorts (compact (list .node_port .check_node_port)) -}}
{{- $frontends = append $frontends .frontend_port -}}
{{- $listeners = concat $listeners (compact (list .listener_port .check_listener_port)) -}}
{{- end -}}
{{- $peers := list -}}
{{- range .nodes -}}{{- $peers = concat $peers (include "mailpath.egress.peers" .address | fromJson).peers -}}{{- end -}}
{{- if $peers -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list $peers $nodePorts) | fromJson) -}}
{{- end -}}
{{- if .discovers -}}
{{- $networks := (include "mailpath.egress.networks" $policy.nodeNetworks | fromJson).peers -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list $networks $nodePorts) | fromJson) -}}
{{- end -}}
{{- range .edges -}}
{{- $peers := (include "mailpath.egress.peers" .address | fromJson).peers -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list $peers (concat .frontend_ports $frontends)) | fromJson) -}}
{{- if kindIs "map" .ssh -}}
{{- $peers := (include "mailpath.egress.peers" (.ssh.host | default .address) | fromJson).peers -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list $peers (list .ssh.port)) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- with .kubernetes -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list (list (include "mailpath.egress.mailServer" $path | fromJson)) $listeners) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- $notify := .Values.config.notify | default dict -}}
{{- range compact (list $notify.webhook_url $notify.heartbeat_url) -}}
{{- $rules = append $rules (include "mailpath.egress.url" . | fromJson) -}}
{{- end -}}
{{- dict "rules" (concat ($rules | uniq) $policy.extraEgress) | toJson -}}
{{- end -}}

{{/*
The mail server's Pods. A NodePort of one's own node, and a Service, are Pods already when most networks judge; so this
is also what lets the handshake with the own node out.
*/}}
{{- define "mailpath.egress.mailServer" -}}
{{- $selector := dict -}}
{{- $text := (.log | default dict).selector | default "" -}}
{{- if regexMatch "^[A-Za-z0-9._/-]+=[A-Za-z0-9._-]+(,[A-Za-z0-9._/-]+=[A-Za-z0-9._-]+)*$" $text -}}
{{- $labels := dict -}}
{{- range splitList "," $text -}}
{{- $pair := splitList "=" . -}}
{{- $_ := set $labels (first $pair) (last $pair) -}}
{{- end -}}
{{- $_ := set $selector "matchLabels" $labels -}}
{{- end -}}
{{- $namespace := dict "matchLabels" (dict "kubernetes.io/metadata.name" .kubernetes.namespace) -}}
{{- dict "namespaceSelector" $namespace "podSelector" $selector | toJson -}}
{{- end -}}

{{/* The roundtrip's: who sends, where the message is found, who is told. */}}
{{- define "mailpath.egress.roundtrip" -}}
{{- $rules := list (include "mailpath.egress.dns" . | fromJson) -}}
{{- range $path := (include "mailpath.paths" . | fromJson).paths -}}
{{- if and .roundtrip (has $.Values.roundtrip.path (list "" .name)) -}}
{{- with .roundtrip -}}
{{- $brevo := .brevo | default dict -}}
{{- $urls := compact (concat (list .pushgateway_url .kuma_url) (.daemon_urls | default list)) -}}
{{- if eq $.Values.roundtrip.via "brevo" -}}{{- $urls = prepend $urls ($brevo.url | default "https://") -}}{{- end -}}
{{- range $urls -}}{{- $rules = append $rules (include "mailpath.egress.url" . | fromJson) -}}{{- end -}}
{{- $port := .imap.port | default 993 -}}
{{- if .imap.host -}}
{{- $peers := (include "mailpath.egress.peers" .imap.host | fromJson).peers -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list $peers (list $port)) | fromJson) -}}
{{- else if $path.kubernetes -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list (list (include "mailpath.egress.mailServer" $path | fromJson)) (list $port)) | fromJson) -}}
{{- end -}}
{{- with first $path.edges -}}
{{- $peers := (include "mailpath.egress.peers" .address | fromJson).peers -}}
{{- $rules = append $rules (include "mailpath.egress.rule" (list $peers (list 25 $port)) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- dict "rules" (concat ($rules | uniq) .Values.networkPolicy.extraEgress) | toJson -}}
{{- end -}}
