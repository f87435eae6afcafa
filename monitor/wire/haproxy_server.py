"""A ``server`` line of haproxy.cfg (configuration manual, section 5.2)."""

from collections.abc import Iterable

from monitor.core.edge import ConfiguredServer
from monitor.wire.haproxy_words import ConfigLine, milliseconds, number, port_number

# Keywords of a server that are followed by one value (configuration manual, section 5.2): so that no value is taken
# for a keyword.
_VALUED = frozenset(
    """
    addr agent-addr agent-inter agent-port agent-send alpn ca-file check-alpn check-proto check-sni ciphers
    ciphersuites cookie crl-file crt curves downinter error-limit fall fastinter guid hash-key id init-addr
    init-state inter log-proto max-reuse maxconn maxqueue minconn namespace npn observe on-error
    on-marked-down on-marked-up pool-conn-name pool-low-conn pool-max-conn pool-purge-delay port proto
    proxy-v2-options redir resolve-net resolve-opts resolve-prefer resolvers rise sigalgs slowstart sni socks4
    source ssl-max-ver ssl-min-ver tcp-ut track verify verifyhost weight ws
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)


def configured_server(line: ConfigLine, defaults: tuple[str, ...]) -> ConfiguredServer:
    """Read a server's line, with the words of the ``default-server`` lines before it.

    Raises:
        WireError: ``MALFORMED`` for a value that HAProxy could not read either.

    """
    _, name, place, *words = line.words
    address, port = _place(place, line)
    options = _options((*defaults, *words))
    check_port = options.get("port")
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
        keywords=tuple(words),
    )


def _options(words: Iterable[str]) -> dict[str, str]:
    """Read a server's keywords: later ones win, ``no-check`` takes ``check`` back."""
    options: dict[str, str] = {}
    following = iter(words)
    for word in following:
        if word in _VALUED:
            options[word] = next(following, "")
        elif word == "enabled":
            options.pop("disabled", None)
        elif word.startswith("no-"):
            options.pop(word.removeprefix("no-"), None)
        else:
            if word.startswith("send-proxy"):
                options = {key: value for key, value in options.items() if not key.startswith("send-proxy")}
            options[word] = ""
    return options


def _place(place: str, line: ConfigLine) -> tuple[str, int | None]:
    """Read ``address:port``; pfSense writes IPv6 without brackets, and HAProxy takes what is behind the last colon."""
    if place.startswith(("/", "unix@", "abns@")):
        return place, None
    address, colon, port = place.removeprefix("ipv4@").removeprefix("ipv6@").rpartition(":")
    if not colon or place.endswith("]"):
        return place.removeprefix("[").removesuffix("]"), None
    # ``+30`` and ``-30`` are relative to the client's port
    relative = not port or port[0] in "+-"
    return address.removeprefix("[").removesuffix("]"), None if relative else port_number(port, line)
