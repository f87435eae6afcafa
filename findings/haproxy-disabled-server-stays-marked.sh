#!/usr/bin/env bash
# HAProxy's srv_admin_state is 4 for a server in service: a server written `disabled` in the file keeps that bit for good.
#
# Seen: 2026-12-01, Debian 12, haproxy 2.6.12-1+deb12u4.
# Most would guess: a server with a bit of srv_admin_state set is in maintenance or drained, and `set server … state
# ready` clears what had put it there.
# What is so: `disabled` sets two bits, 0x01 (in maintenance) and 0x04 (the file said so); the command clears the first
# alone. The server is UP, is checked and serves clients with srv_admin_state 4. Who takes any bit for maintenance never
# sees it come back.
# Output seen:
#   from the file: srv_admin_state 5, MAINT
#   after `set server mail/node1 state ready`: srv_admin_state 4, UP, a client is served
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
debs haproxy=2.6.12-1+deb12u4 liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 libpcre2-8-0

data=$(free_port) front=$(free_port)
python3 -m http.server --bind 127.0.0.1 --directory "$TEMP" "$data" >/dev/null 2>&1 &
cat >"$TEMP/haproxy.cfg" <<CFG
global
    stats socket $TEMP/haproxy.socket level admin
defaults
    mode tcp
    timeout connect 2s
    timeout client 5s
    timeout server 5s
listen mail
    bind 127.0.0.1:$front
    server node1 127.0.0.1:$data check inter 200 disabled
CFG
haproxy -db -f "$TEMP/haproxy.cfg" 2>/dev/null &
status() { haproxy_cli "show stat" | awk -F, '
    /^# / { for (i = 1; i <= NF; i++) column[$i] = i }
    /^mail,node1,/ { print $column["status"] }'; }
is_up() { [ "$(status)" = UP ]; }
until_true haproxy_cli "show info"

before="srv_admin_state $(server_state srv_admin_state), $(status)"
echo "from the file: $before"
haproxy_cli "set server mail/node1 state ready" >/dev/null
until_true is_up
after="srv_admin_state $(server_state srv_admin_state), $(status)"
python3 - "$front" <<'CLIENT' || could_not_run "no client is served"
import sys, urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/", timeout=5).read()
CLIENT
echo "after \`set server mail/node1 state ready\`: $after, a client is served"
[ "$before" = "srv_admin_state 5, MAINT" ] || changed "a disabled server is $before"
[ "$after" = "srv_admin_state 4, UP" ] || changed "a server made ready is $after"
as_stated
