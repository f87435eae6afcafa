"""Who listens where: ``sockstat -l`` of FreeBSD, ``ss -ltn`` of Linux, or the kernel's own tables there.

The widths of sockstat's columns differ by version and are only minima: a long descriptor runs into the protocol, and
before FreeBSD 15 a long IPv6 address into the foreign one (usr.bin/sockstat/sockstat.c, ``displaysock``). A row is
therefore read by what its columns may hold. IPv6 addresses have no brackets: the port is behind the last colon.

Of Linux' listeners those on loopback are left out: no client reaches them from outside.
"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from monitor.core.edge import Frontend, Socket
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason

SOCKSTAT = "sockstat -l"

# A busy firewall has some hundred rows.
MAX_ANSWER = 1024 * 1024
# The longest is a UNIX socket's path, of 104 bytes, and its peers.
_MAX_LINE = 1024

# sockstat cuts a command's name after ten characters; it may hold blanks. A socket of the kernel's own has no owner:
# ``?``, or ``??`` in newer versions (sockstat.c, ``displaysock``).
_NOBODY = frozenset({"?", "??"})
_ROW = re.compile(
    r"(?P<user>\S{1,64}) +(?P<command>\S[^\t]{0,63}?) +(?P<pid>[0-9]{1,10}|\?{1,2}) +(?P<fd>[0-9]{1,9}|\?{1,2}) *"
    r"(?P<protocol>(?:tcp|udp|udplite|sctp|divert)(?:4|6|46)?|stream|dgram|seqpac(?:ket)?)\b *(?P<rest>.*)"
)
_ENDPOINT = re.compile(r"(?P<address>\*|[0-9A-Fa-f:.]+(?:%\S+?)?):(?P<port>\*|[0-9]{1,5})(?=\s|\*:|$)")
_CONNECTED = re.compile(r" tcp(?:4|6|46) .*:[0-9]{1,5} +[0-9A-Fa-f:.%\w]+:[0-9]{1,5}(?:\s|$)")
_INTERNET = ("tcp", "udp", "sctp", "divert")
_HEADER = "USER"
_ANY = "*"

# State, Recv-Q, Send-Q, Local Address:Port (iproute2; the zone of an address after %)
_SS = re.compile(r"LISTEN\s+\d+\s+\d+\s+(\S+):(\d{1,5})(?:\s|$)")
# proc(5), /proc/net/tcp: "sl local_address rem_address st"; 0A is TCP_LISTEN
_PROC = re.compile(r"\s*\d+:\s+([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})\s+[0-9A-F]+:[0-9A-F]{4}\s+0A(?:\s|$)")


def parse_sockstat(text: bytes | str) -> tuple[Socket, ...]:
    """Read the output, header or none; a further address of the same socket is a row of its own.

    Raises:
        WireError: ``CLOSED`` for no output at all (the sshd that carried the question listens at least), ``TOO_LARGE``
            over ``MAX_ANSWER`` bytes, ``MALFORMED`` for a line that is no row.

    """
    if len(text) > MAX_ANSWER:
        raise WireError(Reason.TOO_LARGE, f"sockstat: {len(text)} bytes, at most {MAX_ANSWER} expected")
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if not text.strip():
        raise WireError(Reason.CLOSED, "sockstat said nothing")
    sockets: list[Socket] = []
    for line in text.split("\n"):
        if len(line) > _MAX_LINE:
            raise _malformed(f"a line of {len(line)} characters", line)
        words = line.split()
        if not words or (words[0] == _HEADER and not sockets):
            continue
        if not _connected(line):
            sockets.append(_row(line.rstrip(), sockets[-1] if sockets else None))
    return tuple(sockets)


def answers(socket: Socket, address: str, port: int) -> bool:
    """Whether a connection to that address and port would come to this TCP socket."""
    if not socket.protocol.startswith("tcp") or socket.port != port:
        return False
    wanted = ip_address(address)
    if socket.address == _ANY:
        # Without IPV6_V6ONLY, which FreeBSD has on by default, it shows as tcp46.
        return str(wanted.version) in socket.protocol
    return ip_address(socket.address.partition("%")[0]) == wanted


def frontends(
    sockets: Iterable[Socket], address: str, ports: Iterable[int], command: str = "haproxy"
) -> Mapping[int, Frontend]:
    """For each port, who listens on it at that address.

    Two instances of HAProxy are told apart by their addresses: each edge has its own.
    """
    wanted = set(ports)
    holders: dict[int, list[Socket]] = {port: [] for port in sorted(wanted)}
    for socket in sockets:
        if socket.port in wanted and answers(socket, address, socket.port):
            holders[socket.port].append(socket)
    return {
        port: Frontend(
            port,
            pids=tuple(sorted({s.pid for s in held if s.command == command and s.pid is not None})),
            others=tuple(sorted({s.command for s in held if s.command != command})),
        )
        for port, held in holders.items()
    }


def listening_ports(text: str) -> frozenset[int]:
    """Read the output of ``ss -ltn``, with or without its heading."""
    rows = (_SS.match(line) for line in text.splitlines())
    return frozenset(int(row[2]) for row in rows if row is not None and not _loopback(row[1]))


def proc_ports(text: str) -> frozenset[int]:
    """Read ``/proc/net/tcp`` and ``/proc/net/tcp6``, one after the other or alone."""
    rows: Iterable[re.Match[str] | None] = (_PROC.match(line) for line in text.splitlines())
    return frozenset(int(row[2], 16) for row in rows if row is not None and not _address(row[1]).is_loopback)


def _row(line: str, previous: Socket | None) -> Socket:
    if match := _ROW.match(line):
        protocol, rest = match["protocol"], match["rest"].strip()
        pid = None if match["pid"] in _NOBODY else int(match["pid"])
        user, command = ("?" if match[name] in _NOBODY else match[name] for name in ("user", "command"))
        owner = Socket(user, command, pid, protocol, "", 0)
    elif previous is not None and line[:1].isspace():  # a further address (SCTP has several)
        owner, rest = previous, line.strip()
    else:
        raise _malformed("not a row", line)
    if not owner.protocol.startswith(_INTERNET):
        return owner._replace(address=rest.partition(" ")[0] if rest.startswith("/") else "")
    address, port = _endpoint(rest, line)
    return owner._replace(address=address, port=port)


def _connected(line: str) -> bool:
    """Whether this TCP socket has a peer: ``sockstat -l`` shows none such, ``sockstat`` alone does."""
    return bool(_CONNECTED.search(line))


def _endpoint(rest: str, line: str) -> tuple[str, int]:
    match = _ENDPOINT.match(rest)
    if match is None:
        raise _malformed("no local address and port", line)
    address, port = match["address"], 0 if match["port"] == _ANY else int(match["port"])
    if address != _ANY:
        try:
            ip_address(address.partition("%")[0])
        except ValueError:
            raise _malformed(f"{address[:60]!r} is no address", line) from None
    return address, port


def _malformed(detail: str, line: str) -> WireError:
    return WireError(Reason.MALFORMED, f"sockstat: {detail}: {line.strip()[:80]!r}", line.encode())


def _loopback(text: str) -> bool:
    bare = text.partition("%")[0].strip("[]")
    try:
        address = ip_address(bare)
    except ValueError:
        return False  # "*", "0.0.0.0" and whatever else stands for every address
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _address(digits: str) -> IPv4Address | IPv6Address:
    """Read an address as the kernel prints it: words of four bytes, each in the host's own order, little-endian."""
    octets = b"".join(bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    address = ip_address(octets)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
