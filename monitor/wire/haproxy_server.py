"""A ``server`` line of haproxy.cfg (configuration manual, section 5.2)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from monitor.core.edge import CheckConnection, ConfiguredServer
from monitor.wire.haproxy_check import CheckRules
from monitor.wire.haproxy_words import ConfigLine, milliseconds, number, port_number

# Keywords of a server that are followed by one value (configuration manual, section 5.2): so that no value is taken
# for a keyword.
_VALUED = frozenset(
    """
    addr agent-addr agent-inter agent-port agent-send alpn ca-file cc check-alpn check-pool-conn-name check-proto
    check-sni ciphers ciphersuites client-sigalgs cookie crl-file crt curves downinter error-limit fall fastinter
    guid hash-key healthcheck id idle-ping init-addr init-state inter ktls log-bufsize log-proto max-reuse maxconn
    maxqueue minconn namespace npn observe on-error on-marked-down on-marked-up pool-conn-name pool-low-conn
    pool-max-conn pool-purge-delay port proto proxy-v2-options quic-cc-algo redir resolve-net resolve-opts
    resolve-prefer resolvers rise shard sigalgs slowstart sni socks4 source ssl-max-ver ssl-min-ver tcp-md5sig
    tcp-ut track usesrc verify verifyhost weight ws
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)
# Those that stand alone, up to HAProxy 3.4; each may have ``no-`` before it.
_ALONE = frozenset(
    """
    agent-check allow-0rtt backup check check-reuse-pool check-send-proxy check-sni-auto check-ssl check-via-socks4
    disabled enabled force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 non-stick renegotiate send-proxy
    send-proxy-v2 send-proxy-v2-ssl send-proxy-v2-ssl-cn sni-auto ssl ssl-reuse sslv3 stick strict-maxconn tfo tickets
    tls-tickets tlsv10 tlsv11 tlsv12 tlsv13
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)
# ``set-proxy-v2-tlv-fmt(0xE1) <fmt>``
_TLV = "set-proxy-v2-tlv-fmt("
_MAX_SLOTS = 1024
_MAX_KEYWORD = 40


def configured_servers(
    line: ConfigLine, defaults: tuple[str, ...], rules: CheckRules, sections: Mapping[str, CheckRules]
) -> Iterator[ConfiguredServer]:
    """Read a ``server`` or ``server-template`` line: one server, or as many as the template has.

    ``rules`` are those of its proxy, ``sections`` the ``healthcheck`` sections that it may name.

    Raises:
        WireError: ``MALFORMED`` for a value that HAProxy could not read either.

    """
    if line.words[0] != "server-template":
        yield _with_checks(configured_server(line, defaults), rules, sections)
        return
    _, prefix, numbers, *words = line.words
    low, dash, high = numbers.partition("-")
    first, last = (number(low, line), number(high, line)) if dash else (1, number(low, line))
    server = _with_checks(
        configured_server(ConfigLine(line.number, ("server", prefix, *words)), defaults), rules, sections
    )
    for each in range(first, min(last, first + _MAX_SLOTS - 1) + 1):
        yield replace(server, name=f"{prefix}{each}", templated=True)


def configured_server(line: ConfigLine, defaults: tuple[str, ...]) -> ConfiguredServer:
    """Read a server's line, with the words of the ``default-server`` lines before it.

    Raises:
        WireError: ``MALFORMED`` for a value that HAProxy could not read either.

    """
    _, name, place, *words = line.words
    address, port = _place(place, line)
    options, unknown = _options((*defaults, *words))
    check_port = options.get("port")
    if check_port is not None and "$" in check_port:
        check_port, unknown = None, (*unknown, "port")
    weight = options.get("weight")
    fall = options.get("fall")
    return ConfiguredServer(
        name=name,
        address=address,
        port=port,
        send_proxy=next((word for word in options if word.startswith("send-proxy")), ""),
        check="check" in options,
        check_port=port_number(check_port, line) if check_port else None,
        check_address=options.get("addr", ""),
        check_send_proxy="check-send-proxy" in options,
        inter=milliseconds(options["inter"], line) if options.get("inter") else None,
        fall=number(fall, line) if fall else None,
        weight=number(weight, line) if weight else None,
        disabled="disabled" in options,
        backup="backup" in options,
        healthcheck=options.get("healthcheck", ""),
        keywords=tuple(words),
        unknown=unknown,
    )


def _with_checks(server: ConfiguredServer, rules: CheckRules, sections: Mapping[str, CheckRules]) -> ConfiguredServer:
    if not server.check:
        return server
    if server.healthcheck:
        if server.healthcheck not in sections:
            return replace(server, checks=(CheckConnection(readable=False),))
        rules = sections[server.healthcheck]
    moved = server.check_port is not None or bool(server.check_address)
    header = server.check_send_proxy or (bool(server.send_proxy) and not moved)
    return replace(server, checks=rules.connections(server.check_port, server.check_address, header=header))


def _options(words: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read a server's keywords, and those that are not known: later ones win, ``no-check`` takes ``check`` back."""
    options: dict[str, str] = {}
    unknown: dict[str, None] = {}
    following = iter(words)
    for word in following:
        if word in _VALUED:
            options[word] = next(following, "")
        elif word == "enabled":
            options.pop("disabled", None)
        elif word.startswith(_TLV):
            next(following, "")
        elif word.startswith("no-"):
            options.pop(word.removeprefix("no-"), None)
        elif word not in _ALONE:
            unknown[word[:_MAX_KEYWORD]] = None
        else:
            if word.startswith("send-proxy"):
                options = {key: value for key, value in options.items() if not key.startswith("send-proxy")}
            options[word] = ""
    return options, tuple(unknown)


def _place(place: str, line: ConfigLine) -> tuple[str, int | None]:
    """Read ``address:port``; pfSense writes IPv6 without brackets, and HAProxy takes what is behind the last colon."""
    if place.startswith(("/", "unix@", "abns@")):
        return place, None
    address, colon, port = place.removeprefix("ipv4@").removeprefix("ipv6@").rpartition(":")
    if not colon or place.endswith("]"):
        return place.removeprefix("[").removesuffix("]"), None
    # ``+30`` and ``-30`` are relative to the client's port, ``${PORT}`` is the process's
    relative = not port or port[0] in "+-$"
    return address.removeprefix("[").removesuffix("]"), None if relative else port_number(port, line)
