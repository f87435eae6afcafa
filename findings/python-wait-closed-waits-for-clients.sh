#!/usr/bin/env bash
# asyncio's Server.wait_closed() waits for every connection, from Python 3.12 on: a server with an idle client never ends.
#
# Seen: 2026-11-30, Python 3.12.1 and 3.13.0.
# Most would guess: it waits for the listening sockets, and returns at once after close().
# What is so: it returns when the last accepted connection is gone, which may be never: `close()` stops listening and
# leaves the accepted ones alone. A test that keeps a client open hangs; Server.close_clients() (3.13) ends them.
# Output seen:
#   Python 3.13.0: still waiting after 2 s, at once after the client has gone
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
PYTHON=""
for each in python3.13 python3.14 python3.12 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3; do
    if "$each" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        PYTHON=$each
        break
    fi
done
[ -n "$PYTHON" ] || could_not_run "there is no Python from 3.12 on"
python <<'PYTHON'
import asyncio
import platform


async def main() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    _, client = await asyncio.open_connection(*server.sockets[0].getsockname())
    await asyncio.sleep(0.1)
    server.close()
    waiting = asyncio.create_task(server.wait_closed())
    done, _ = await asyncio.wait({waiting}, timeout=2)
    hangs = not done
    client.close()
    await asyncio.wait_for(waiting, 2)
    how = "still waiting" if hangs else "over"
    print(f"Python {platform.python_version()}: {how} after 2 s, at once after the client has gone")
    assert hangs


asyncio.run(main())
PYTHON
