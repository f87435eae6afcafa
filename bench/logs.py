"""A realistic mail log, always the same: a seeded mix of what docker-mailserver prints, most of it of no interest."""

import random
from base64 import b64encode
from pathlib import Path

_DELIVERY = (
    "postfix/lmtp[2310]: {id}: to=<b@example.org>, relay=mail[/var/run/dovecot/lmtp], delay=0.35, "
    "delays=0.1/0.01/0.02/0.22, dsn=2.0.0, status=sent (250 2.0.0 <b@example.org> {id} Saved)"
)
_MESSAGE = (
    "postfix/qmgr[211]: {id}: from=<a{n}@example.net>, size={size}, nrcpt=1 (queue active)",
    "postfix/cleanup[2301]: {id}: message-id=<{n}.{id}@example.net>",
    "opendkim[91]: {id}: DKIM verification successful",
    "amavis[1405]: ({n}-07) Passed CLEAN {{RelayedInbound}}, [{ip}]:{port} <a{n}@example.net> -> <b@example.org>",
    _DELIVERY,
    "dovecot: lmtp(b@example.org)<2311><{id}>: msgid=<{n}.{id}@example.net>: saved mail to INBOX",
    "postfix/qmgr[211]: {id}: removed",
    "dovecot: imap(b@example.org)<2320><{id}>: Logged out in={size} out={size} deleted=0 expunged=0",
)
_CONTACT = (
    "postfix/smtpd-proxy25/postscreen[300]: CONNECT from [{ip}]:{port} to [10.0.20.1]:25",
    "postfix/smtpd-proxy25/postscreen[300]: PASS OLD [{ip}]:{port}",
    "postfix/smtpd[310]: connect from mail{n}.example.net[{ip}]",
    "postfix/smtpd[310]: disconnect from mail{n}.example.net[{ip}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    "dovecot: imap-login: Login: user=<b@example.org>, method=PLAIN, rip={ip}, lip=10.0.20.1, TLS, session=<{session}>",
    "postfix/smtpd-proxy587/smtpd[311]: warning: unknown[{ip}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
    "postfix/smtpd-proxy25/postscreen[300]: PREGREET 14 after 0.05 from [{ip}]:{port}: EHLO User\\r\\n",
    "postfix/smtpd-proxy465/smtpd[312]: lost connection after EHLO from unknown[{ip}]",
)
MIXES = {
    "realistic": (*_MESSAGE, *_MESSAGE, *_CONTACT),
    "no hits": _MESSAGE,
    "all hits": _CONTACT[:4],
    "64 KiB lines": ("postfix/smtpd[310]: warning: " + "x" * 65_000,),
}


def write_log(file: Path, mix: str, lines: int) -> None:
    """Write so many lines of a mix."""
    pick = random.Random(25)  # noqa: S311 - the same log at every run
    templates = MIXES[mix]
    with file.open("w") as out:
        for number in range(lines):
            stamp = f"2026-04-19T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.123456+00:00"
            port, host = pick.randrange(1024, 65_536), pick.randrange(256)
            line = pick.choice(templates).format(
                id=f"{pick.getrandbits(40):010X}",
                n=pick.randrange(1000),
                size=pick.randrange(100_000),
                port=port,
                ip=f"203.0.113.{host}",
                session=_session(number, port, host),
            )
            out.write(f"{stamp} mail {line}\n")


def _session(number: int, port: int, host: int) -> str:
    """Give Dovecot's id of a session: six bytes of time, two of the client's port, its address."""
    return b64encode(number.to_bytes(6, "little") + port.to_bytes(2, "little") + bytes((203, 0, 113, host))).decode()
