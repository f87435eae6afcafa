#!/usr/bin/env bash
# socat with the bare path of a UNIX socket that is missing creates a regular file there and exits 0.
#
# Seen: 2026-11-30, Debian 12, socat 1.7.4.4-2.
# Most would guess: "No such file or directory" and a failure, as where the path is written UNIX-CONNECT:PATH.
# What is so: a bare path is a GOPEN address. It opens what is there, be it a socket or not, and what is not there is
# created as a regular file. `echo "show info" | socat /run/haproxy.socket stdio` then prints nothing, exits 0 whenever
# HAProxy is down, and leaves a file in the socket's place, with the command in it.
# Output seen:
#   bare path: exit 0, printed "", now a regular file holding "show info"
#   UNIX-CONNECT: exit 1, nothing created
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
debs socat=1.7.4.4-2 libwrap0 libreadline8 libssl3

bare=0
printed=$(echo "show info" | socat "$TEMP/haproxy.socket" stdio 2>/dev/null) || bare=$?
kind=$(stat -c %F "$TEMP/haproxy.socket" 2>/dev/null || echo "not there")
held=$(cat "$TEMP/haproxy.socket" 2>/dev/null || true)
echo "bare path: exit $bare, printed \"$printed\", now a $kind holding \"$held\""

named=0
echo "show info" | socat "UNIX-CONNECT:$TEMP/other.socket" stdio >/dev/null 2>&1 || named=$?
there=$([ -e "$TEMP/other.socket" ] && echo something || echo nothing)
echo "UNIX-CONNECT: exit $named, $there created"

[ "$bare,$printed,$kind,$held" = "0,,regular file,show info" ] || changed "a bare path behaves in another way"
[ "$named,$there" = "1,nothing" ] || changed "UNIX-CONNECT behaves in another way"
as_stated
