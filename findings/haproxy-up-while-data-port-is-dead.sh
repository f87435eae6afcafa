#!/usr/bin/env bash
# HAProxy shows srv_op_state 2 (running) for a server that refuses every client, while its check port answers.
#
# Seen: 2026-11-30, Debian 12, haproxy 2.6.12-1+deb12u4.
# Most would guess: that connection after connection to a server is refused shows in its state.
# What is so: the state is the health check's alone. With `check port` it follows that port; each client's refused
# connection is counted (econ) and changes nothing, unless `observe layer4` is given. A monitor that reads
# `show servers state` sees a healthy pool while every client is disconnected.
# Output seen:
#   10 clients, 0 served
#   srv_op_state 2, status UP, econ 10
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
debs haproxy=2.6.12-1+deb12u4 liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 libpcre2-8-0

check=$(free_port) data=$(free_port) front=$(free_port)
python3 -m http.server --bind 127.0.0.1 "$check" >/dev/null 2>&1 & # any listener; nothing listens on $data
cat >"$TEMP/haproxy.cfg" <<CFG
global
    stats socket $TEMP/haproxy.socket level admin
defaults
    mode tcp
    retries 0
    timeout connect 2s
    timeout client 5s
    timeout server 5s
listen mail
    bind 127.0.0.1:$front
    server node1 127.0.0.1:$data check port $check inter 200
CFG
haproxy -db -f "$TEMP/haproxy.cfg" 2>/dev/null &
passed() { haproxy_cli "show stat" | grep -q "^mail,node1,.*,L4OK,"; }
until_true passed

served=$(python3 - "$front" <<'CLIENTS'
import socket, sys
served = 0
for _ in range(10):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as client:
        served += client.recv(1) != b""
print(served)
CLIENTS
)
sleep 1 # five checks more
echo "10 clients, $served served"
seen="srv_op_state $(server_state srv_op_state), $(haproxy_cli "show stat" | awk -F, '
    /^# / { for (i = 1; i <= NF; i++) column[$i] = i }
    /^mail,node1,/ { print "status " $column["status"] ", econ " $column["econ"] }')"
echo "$seen"
[ "$served" = 0 ] || could_not_run "somebody listens on port $data"
[ "$seen" = "srv_op_state 2, status UP, econ 10" ] || changed "refused connections show in the state"
as_stated
