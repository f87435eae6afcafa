"""One message of one daemon: a pattern for the whole line, and the record that it means.

A pattern begins where the line begins and says everything up to the client's address. What a client may choose (helo,
sender, recipient, the bytes that postscreen quotes) can hold any text but a newline, a forged log line included; it
stands behind the address, and nothing in it is looked at.
"""

import re

from monitor.core.maillog import LineKind, LogRecord, Problem

MAX_TEXT = 1024

# RFC 3339, as rsyslog's RSYSLOG_FileFormat and Kubernetes write it, and ``+0200`` as journalctl does (-o short-iso);
# RFC 3164 section 4.1.2, as older images do, with a fraction as journalctl does (-o short-precise).
RFC3339 = r"\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-][\d:]{4,5})"
RFC3164 = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?"
# Kubernetes may put its own time (``timestamps=true``) before the mail log's. Lazy: as a rule there is one time. An
# envelope that names no time leaves ``-``.
HEAD = rf"(?:{RFC3339} )??(?P<stamp>{RFC3339}|{RFC3164}|-) [^ ]++ "
PID = r"\[(?P<pid>\d{1,9})\]"

# Zone indexes (``fe80::1%eth0``) included.
ADDRESS = r"[\da-fA-F:.]{2,45}+(?:%[\w.-]{1,16})?"
QUEUE_ID = "[0-9A-Za-z]{5,32}+"
# What ``{word}`` stands for in a template's message.
_WORDS = {
    # postscreen's client and, behind ``to``, the destination that the PROXY header claims
    "from": rf"\[(?P<address>{ADDRESS})\]:(?P<port>\d{{1,5}})",
    "to": rf"\[(?P<local_address>{ADDRESS})\]:(?P<local_port>\d{{1,5}})",
    # smtpd's client: a name that Postfix found valid, the address, the port with smtpd_client_port_logging = yes.
    # ``unknown[unknown]`` had left before smtpd could ask for its address.
    "client": rf"[\w.-]{{1,255}}+\[(?P<address>{ADDRESS}|unknown)\](?::(?P<port>\d{{1,5}}))?"
    "(?P<local_address>)(?P<local_port>)",
    # where smtpd stood: a command that it knows, ``DATA (n bytes)``, ``BDAT content``, ``END-OF-MESSAGE``
    "state": r"[A-Z-]{1,32}(?: content)?(?: \(\d{1,20} bytes\))?",
    # a queue id, short or long (src/global/mail_queue.h), or ``NOQUEUE``
    "queue": QUEUE_ID,
}
# How a message begins that names its queue file, always or (before Postfix 3.10) only sometimes.
QUEUED = "{queue}: "
MAYBE_QUEUED = "(?:{queue}: )?"
# The last fields of a record: no queue id, no delay, not folded.
_NO_DELIVERY = ("", -1.0, 0)
# The groups of every template, in this order: its match gives a record's fields by position, which is the fastest way.
FIELDS = ("stamp", "program", "pid", "text", "address", "port", "local_address", "local_port", "noops")


def clean(text: str) -> str:
    """Bound a message, and give back its UTF-8 (RFC 6531 lets addresses hold some) to a line read as Latin-1."""
    text = text[:MAX_TEXT]
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")


class Template:
    """A message that a program writes, and the record that it means."""

    __slots__ = ("_fullmatch", "_kind", "_problem", "fields", "message")

    def __init__(self, program: str, kind: LineKind, message: str, problem: Problem | None = None) -> None:
        """Compile ``program`` and ``message``, both regular expressions.

        In the message ``{from}``, ``{to}``, ``{client}``, ``{state}`` and ``{queue}`` have their meanings, and a group
        ``noops`` fills that field.
        """
        self.message = message
        for word, meaning in _WORDS.items():
            message = message.replace(f"{{{word}}}", meaning)
        absent = "".join(f"(?P<{field}>)" for field in FIELDS[4:] if f"?P<{field}>" not in message)
        pattern = re.compile(rf"{HEAD}(?P<program>{program})(?:{PID})?: (?P<text>{message}){absent}", re.ASCII)
        self.fields = tuple(pattern.groupindex)
        self._fullmatch = pattern.fullmatch
        self._kind = kind
        self._problem = "" if problem is None else problem

    def read(self, line: str) -> LogRecord | None:
        """Give the record, or ``None`` where the line says something else."""
        match = self._fullmatch(line)
        if match is None:
            return None
        stamp, program, pid, text, address, port, local_address, local_port, noops = match.groups("")
        problem = self._problem
        if address == "unknown":
            address, problem = "", Problem.EDGE_CHECK_NOISE
        # By ``_make``, for a call with so many arguments takes twice as long.
        return LogRecord._make(
            (
                self._kind,
                stamp,
                program,
                int(pid) if pid else 0,
                address,
                int(port) if port else 0,
                local_address,
                int(local_port) if local_port else 0,
                int(noops) if noops else -1,
                problem,
                text if len(text) <= MAX_TEXT and text.isascii() else clean(text),
                *_NO_DELIVERY,
            )
        )


def problem(program: str, message: str, label: Problem) -> Template:
    """A message that is a problem and no client's connection."""
    return Template(program, LineKind.PROBLEM, message, label)
