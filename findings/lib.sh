# shellcheck shell=bash
# What the findings share: a temporary folder, pinned packages in it, and the three ways to end. Sourced, never run.
set -euo pipefail

FINDING=$(basename "$0" .sh)
TEMP=$(mktemp -d)
# Ends the background jobs of this shell and no other process.
trap 'jobs -p | xargs -r kill 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$TEMP"' EXIT

as_stated() { echo "$FINDING: as stated"; }
changed() { echo "$FINDING: CHANGED: $*" >&2; exit 1; }
could_not_run() { echo "$FINDING: could not run: $*" >&2; exit 2; }

# debs NAME=VERSION [LIBRARY…]: unpack Debian packages below $TEMP/root; nothing is installed.
debs() {
    command -v apt-get >/dev/null || could_not_run "this is no Debian"
    for each in "$@"; do
        (cd "$TEMP" && apt-get download -qq "$each" >/dev/null 2>&1) ||
            could_not_run "$each is not to be had (any more); if there are no package lists: apt-get update"
    done
    for each in "$TEMP"/*.deb; do dpkg -x "$each" "$TEMP/root"; done
    export PATH="$TEMP/root/usr/sbin:$TEMP/root/usr/bin:$PATH"
    LD_LIBRARY_PATH=$(printf '%s:' "$TEMP"/root/usr/lib/*-linux-gnu "$TEMP"/root/lib/*-linux-gnu)
    export LD_LIBRARY_PATH
}

# wheels NAME==VERSION…: a virtual environment in $TEMP with these; its Python is $PYTHON.
wheels() {
    python3 -m venv "$TEMP/venv" || could_not_run "python3 cannot make a virtual environment"
    PYTHON="$TEMP/venv/bin/python"
    "$PYTHON" -m pip install -q --disable-pip-version-check "$@" 2>"$TEMP/pip.log" ||
        could_not_run "$* cannot be installed: $(tail -n 1 "$TEMP/pip.log")"
}

# python: run standard input by $PYTHON. A false assertion: something has changed. Any other error: it could not run.
python() {
    if ! "$PYTHON" - 2>"$TEMP/python.log"; then
        tail -n 3 "$TEMP/python.log" >&2
        grep -q '^AssertionError' "$TEMP/python.log" || could_not_run "see above"
        changed "see above"
    fi
    as_stated
}

# free_port: a port of loopback that is free now.
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# until_true COMMAND…: try it for ten seconds.
until_true() {
    for _ in $(seq 100); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    could_not_run "not within ten seconds: $*"
}

# haproxy_cli COMMAND: the answer of HAProxy's stats socket, $TEMP/haproxy.socket.
haproxy_cli() {
    python3 - "$TEMP/haproxy.socket" "$1" <<'CLI'
import socket, sys
with socket.socket(socket.AF_UNIX) as cli:
    cli.connect(sys.argv[1])
    cli.sendall(sys.argv[2].encode() + b"\n")
    print(b"".join(iter(lambda: cli.recv(65536), b"")).decode().strip())
CLI
}

# server_state COLUMN: that column of the only server in `show servers state`.
server_state() {
    haproxy_cli "show servers state" |
        awk -v name="$1" '/^#/ { for (i = 2; i <= NF; i++) if ($i == name) column = i - 1 } /^[0-9]+ / { print $column }'
}
