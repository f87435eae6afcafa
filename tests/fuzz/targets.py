"""Every parser that reads what others wrote: any bytes give a value or the error that it promises, and nothing else."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from monitor.core.conversation import Receive, Script
from monitor.core.errors import WireError
from monitor.core.model import MailProtocol
from monitor.wire import cron, kube, mail_config, message, proxy, sockets
from monitor.wire.files import parse_ls
from monitor.wire.haproxy_answer import parse_answer
from monitor.wire.haproxy_cfg import parse_configuration
from monitor.wire.haproxy_stats import parse_info, parse_servers_state, parse_stat
from monitor.wire.mail_dialogue import mail_dialogue
from monitor.wire.maillog import MaillogParser
from monitor.wire.maillog.unread import look_at_unread
from monitor.wire.pfctl_nat import deciding, parse_nat, redirect
from monitor.wire.pfctl_rules import parse_rules
from monitor.wire.proxy_v2 import encode_v2
from monitor.wire.smtp import ReplyProof
from monitor.wire.sockets import answers, parse_sockstat

DATA = Path(__file__).parents[1] / "wire" / "data"
READERS = (
    kube.node,
    kube.service,
    kube.endpoint_slice,
    kube.pod,
    kube.deployment,
    kube.cronjob,
    kube.job,
    kube.certificate,
)


KEYS = (
    *("metadata", "spec", "status", "data", "type", "reason", "message", "name", "conditions", "addresses", "address"),
    *("ports", "port", "nodePort", "targetPort", "endpoints", "ready", "serving", "terminating", "nodeName", "phase"),
    *("containerStatuses", "state", "lastState", "running", "waiting", "terminated", "exitCode", "restartCount"),
    *("startedAt", "finishedAt", "podIP", "podIPs", "ip", "hostIP", "labels", "deletionTimestamp", "creationTimestamp"),
    *("unschedulable", "replicas", "readyReplicas", "updatedReplicas", "strategy", "template", "containers", "args"),
    *("schedule", "suspend", "active", "succeeded", "failed", "completionTime", "externalTrafficPolicy", "selector"),
    *("user-patches.sh", "tls.crt", "observedGeneration", "generation", "ownerReferences", "kind", "uid", "image"),
)
SCALARS = (
    *(
        None,
        "",
        "True",
        "False",
        "Ready",
        "InternalIP",
        "10.0.20.101",
        "2026-11-22T08:25:33Z",
        "smtp",
        "TCP",
        "Running",
    ),
    *(0, 1, -1, 2**63, 30125, 1e308, float("nan"), True, False, "\ud800", "LS0tLS1CRUdJTg=="),
)


class Fuzzed(NamedTuple):
    """One target: what is done with any bytes, and what it begins with (a glob below ``DATA``, and words)."""

    run: Callable[[bytes], object]
    seeds: str = ""
    words: tuple[bytes, ...] = ()


def _proxy(data: bytes) -> None:
    with suppress(WireError):
        decoded = proxy.decode(data)
        if decoded is not None and data[:1] == b"\r":
            # What was read can be written, and is read again as the same.
            header = decoded[0]
            again = proxy.decode(encode_v2(header))
            assert again is not None
            assert again[0] == header


def _play(script: Script, data: bytes) -> None:
    """Let the peer say these bytes: each of its first sixteen is the length of a piece, then comes all the rest."""
    lengths, rest = data[:16], data[16:]
    pieces = [rest[sum(lengths[:index]) : sum(lengths[: index + 1])] for index in range(len(lengths))]
    waiting = [piece for piece in (*pieces, rest[sum(lengths) :]) if piece]
    with suppress(WireError, StopIteration):
        step = next(script)
        while True:
            piece = b""
            if isinstance(step, Receive) and waiting:
                piece = waiting.pop(0)
            step = script.send(piece)


def _smtp(data: bytes) -> None:
    proof = ReplyProof("canary@mailpath.invalid")
    _play(mail_dialogue(MailProtocol.SMTP, header=b"\r\n", helo="mailpath.invalid", noops=1, proof=proof), data)


def _submission(data: bytes) -> None:
    _play(mail_dialogue(MailProtocol.SUBMISSION, header=b"\r\n", helo="mailpath.invalid"), data)


def _imap(data: bytes) -> None:
    _play(mail_dialogue(MailProtocol.IMAPS, header=b"\r\n", helo="mailpath.invalid"), data)


def _haproxy_answers(data: bytes) -> None:
    for parse in (parse_servers_state, parse_stat, parse_info, parse_answer):
        with suppress(WireError):
            parse(data)


def _haproxy_cfg(data: bytes) -> None:
    with suppress(WireError):
        parse_configuration(data)


def _sockstat(data: bytes) -> None:
    with suppress(WireError):
        for socket in parse_sockstat(data):
            answers(socket, "10.0.20.1", 25)


def _pf(data: bytes) -> None:
    with suppress(WireError):
        rules = parse_nat(data)
        deciding(rules, 25, "10.0.20.1")
        redirect(rules, 25, "10.0.20.1")
    with suppress(WireError):
        parse_rules(data)


def _maillog(data: bytes) -> None:
    MaillogParser().feed(data)
    look_at_unread(data)


def _kube(data: bytes) -> None:
    """Let the bytes choose what an object holds: bytes that are JSON would be found too seldom."""
    document = {key: _value(bytearray(data[index::8]), 0) for index, key in enumerate(KEYS[:8])}
    for read in READERS:
        read(document)
    kube.config_text(document, "user-patches.sh")


def _value(choices: bytearray, depth: int) -> object:
    choice = choices.pop() if choices else 0
    kind, size = choice % 8, choice // 8 % 8
    if kind > 2 and depth < 6:
        keys = [KEYS[choices.pop() % len(KEYS)] for _ in range(size) if choices]
        return {key: _value(choices, depth + 1) for key in keys}
    if kind == 1:
        return [_value(choices, depth + 1) for _ in range(size)]
    return SCALARS[choice // 8 % len(SCALARS)]


def _small(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    message.relays(data)
    mail_config.master_services(text)
    mail_config.dovecot_listeners(text)
    cron.longest_pause(text)
    for parse in (sockets.listening_ports, sockets.proc_ports, parse_ls):
        with suppress(WireError):
            parse(text)


_DIALOGUE = (b"220 ", b"220-", b"250 ", b"250-STARTTLS\r\n", b"554 5.7.1 <x[192.0.2.1]>", b"421 4.3.0 ", b"\r\n")

TARGETS: Mapping[str, Fuzzed] = {
    "proxy": Fuzzed(_proxy, words=(b"\r\n\r\n\0\r\nQUIT\n", b"PROXY TCP4 ", b"PROXY TCP6 ", b"PROXY UNKNOWN\r\n")),
    "smtp": Fuzzed(_smtp, words=_DIALOGUE),
    "submission": Fuzzed(_submission, words=_DIALOGUE),
    "imap": Fuzzed(_imap, words=(b"* OK ", b"* BYE ", b"* CAPABILITY IMAP4rev1", b"a1 OK ", b"a2 OK ", b"\r\n")),
    "haproxy_answers": Fuzzed(_haproxy_answers, "haproxy/*"),
    "haproxy_cfg": Fuzzed(_haproxy_cfg, "edge/*.cfg", (b"backend ", b"server ", b"send-proxy-v2", b"default-server ")),
    "sockstat": Fuzzed(_sockstat, "edge/sockstat*"),
    "pf": Fuzzed(_pf, "edge/pfctl*", (b"rdr on ", b"rdr pass on ", b" port = ", b" -> ", b"round-robin", b"inet6 ")),
    "maillog": Fuzzed(
        _maillog,
        "maillog/**/*.*",
        (
            *(
                b"postfix/smtpd-proxy25/postscreen[1]: CONNECT from [",
                b"imap-login: Logged in: ",
                b", user=<",
                b", rip=",
                b">",
            ),
            *(
                b"postfix/smtpd[1]: B44AE497: ",
                b"NOQUEUE: ",
                b"reject: RCPT from ",
                b"lost connection after ",
                b" from ",
            ),
        ),
    ),
    "kube": Fuzzed(_kube),
    "small": Fuzzed(_small, words=(b"Received: from ", b"LISTEN ", b"smtp inet n - n - - smtpd", b"*/5 * * * *")),
}
