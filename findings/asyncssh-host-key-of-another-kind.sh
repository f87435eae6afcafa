#!/usr/bin/env bash
# asyncssh tells of a lost connection, not of a host key, where known_hosts has only another kind of the server's key.
#
# Seen: 2026-11-30, Debian 12, openssh-server 1:9.2p1-2+deb12u10, Python 3.11, asyncssh 2.24.1.
# Most would guess: HostKeyNotVerifiable, as for a wrong key of the right kind.
# What is so: the client offers only those kinds of key that known_hosts has for the host. sshd has none of them and ends
# the connection first: ConnectionLost, or now and then ConnectionResetError, as after a fault of the network. Who retries
# lost connections retries for ever, and nobody is told that the pinned key is the reason.
# Output seen:
#   a wrong key of the same kind: HostKeyNotVerifiable
#   only a key of another kind: ConnectionLost
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
wheels asyncssh==2.24.1
debs openssh-server=1:9.2p1-2+deb12u10 libwrap0 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2

mkdir "$TEMP/ssh"
"$PYTHON" - "$TEMP/ssh" <<'KEYS'
import pathlib, sys
import asyncssh
for name, kind in (("host", "ssh-ed25519"), ("same", "ssh-ed25519"), ("another", "ssh-rsa")):
    key, place = asyncssh.generate_private_key(kind), pathlib.Path(sys.argv[1], name)
    key.write_private_key(place)
    key.write_public_key(f"{place}.pub")
KEYS
chmod 600 "$TEMP/ssh/host"
port=$(free_port)
server=("$TEMP/root/usr/sbin/sshd" -D -e -f /dev/null -h "$TEMP/ssh/host" -p "$port"
    -o ListenAddress=127.0.0.1 -o UsePAM=no -o PidFile=none)
if [ "$(id -u)" = 0 ]; then # as root it would want a directory outside of $TEMP
    chmod 755 "$TEMP"
    chown -R nobody "$TEMP/ssh"
    server=(setpriv --reuid=nobody --regid=nogroup --clear-groups "${server[@]}")
fi
"${server[@]}" 2>/dev/null &
until_true python3 -c "import socket; socket.create_connection(('127.0.0.1', $port)).close()"

export TEMP port
python <<'PYTHON'
import asyncio
import os

import asyncssh

PORT, KEYS = int(os.environ["port"]), f"{os.environ['TEMP']}/ssh"


async def met(pinned: str) -> str:
    with open(f"{KEYS}/{pinned}.pub") as file:
        known = asyncssh.import_known_hosts(f"[127.0.0.1]:{PORT} {file.read()}")
    try:
        async with asyncssh.connect("127.0.0.1", PORT, known_hosts=known, username="someone", config=None):
            return "connected"
    except Exception as error:
        return type(error).__name__


async def main() -> None:
    same, another = await met("same"), await met("another")
    print(f"a wrong key of the same kind: {same}\nonly a key of another kind: {another}")
    assert same == "HostKeyNotVerifiable"
    assert another in {"ConnectionLost", "ConnectionResetError"}


asyncio.run(main())
PYTHON
