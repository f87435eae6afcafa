"""One pattern for a whole line: heads, fields, bounds."""

import pytest

from monitor.core.maillog import LineKind
from monitor.wire.maillog import dovecot, postfix
from monitor.wire.maillog.template import FIELDS, MAX_TEXT, Template, clean
from tests.wire.maillog.lines import HOST, KUBERNETES, RFC3164, RFC3339

CONNECT = Template(r"postfix/smtpd", LineKind.SMTPD_CONNECT, "connect from {client}")


@pytest.mark.parametrize(
    ("head", "stamp"),
    [
        (f"{RFC3339} {HOST}", RFC3339),
        ("2026-04-19T12:20:31Z mail", "2026-04-19T12:20:31Z"),
        ("2026-04-19T12:20:31.1+02:00 mail", "2026-04-19T12:20:31.1+02:00"),
        ("Apr 18 14:23:52 mail", "Apr 18 14:23:52"),
        (f"{RFC3164} mail", RFC3164),
        (f"{KUBERNETES} {RFC3339} {HOST}", RFC3339),
        (f"{KUBERNETES} {RFC3164} {HOST}", RFC3164),
    ],
)
def test_heads(head: str, stamp: str) -> None:
    """Every kind of head is read, and the time is the mail log's own."""
    record = CONNECT.read(f"{head} postfix/smtpd[77]: connect from unknown[192.0.2.77]")
    assert record is not None
    assert (record.stamp, record.program, record.pid) == (stamp, "postfix/smtpd", 77)
    assert (record.address, record.port, record.text) == ("192.0.2.77", 0, "connect from unknown[192.0.2.77]")


@pytest.mark.parametrize(
    "head",
    [
        "",
        "2026-04-19 12:20:31+00:00 INFO  ",
        f"{RFC3339} ",
        f"{RFC3339} two words ",
        f"x {RFC3339} {HOST} ",
        f"{RFC3339} {RFC3339} {RFC3339} {HOST} ",
        f"{HOST} {RFC3339} ",
    ],
)
def test_no_heads(head: str) -> None:
    """A message behind anything but a head is not believed."""
    assert CONNECT.read(f"{head}postfix/smtpd[77]: connect from unknown[192.0.2.77]") is None


@pytest.mark.parametrize(
    ("client", "address", "port"),
    [
        ("unknown[192.0.2.77]", "192.0.2.77", 0),
        ("mail-1.example.net[192.0.2.77]:48001", "192.0.2.77", 48001),
        ("unknown[2001:db8::77]", "2001:db8::77", 0),
        ("unknown[fe80::1%eth0]", "fe80::1%eth0", 0),
        ("unknown[unknown]", "", 0),
    ],
)
def test_clients(client: str, address: str, port: int) -> None:
    """The client of smtpd is a name, an address of either family, and perhaps a port."""
    record = CONNECT.read(f"{RFC3339} {HOST} postfix/smtpd[77]: connect from {client}")
    assert record is not None
    assert (record.address, record.port) == (address, port)


@pytest.mark.parametrize(
    "client",
    ["unknown[192.0.2.77", "a b[192.0.2.77]", "x[198.51.100.66] y[192.0.2.77]", "unknown[192.0.2.77]:", "[]", ""],
)
def test_no_clients(client: str) -> None:
    """A client that Postfix would not write is none."""
    assert CONNECT.read(f"{RFC3339} {HOST} postfix/smtpd[77]: connect from {client}") is None


def test_every_template_has_the_fields_in_order() -> None:
    """Fields are taken by position, hence no template may have its groups in another order."""
    for template in (*postfix.ALL, postfix.TEMPFAIL, *dovecot.LOGIN, *dovecot.AUTH, *dovecot.MASTER):
        assert template.fields == FIELDS, template.message


def test_text_is_bounded_and_utf8() -> None:
    """A text is cut, and non-ASCII addresses come back as they were written."""
    assert len(clean("x" * 9000)) == MAX_TEXT
    assert clean("from=<jörg@example.org>".encode().decode("latin-1")) == "from=<jörg@example.org>"
    assert clean("\xff") == "\N{REPLACEMENT CHARACTER}"
