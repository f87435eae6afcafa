"""Blocks of lines: counting, splitting, and whatever bytes come."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.maillog import LineKind, LogRecord
from monitor.wire.maillog import MaillogParser
from monitor.wire.maillog.envelopes import MAX_LINE
from tests.wire.maillog.lines import DATA, HOST, KUBERNETES, RFC3339, annotated, line

CONNECT = line("postfix/smtpd", "connect from unknown[192.0.2.77]")
CAPTURED = [text for lines in annotated().values() for text in lines]

# Words with meaning, so that chance comes near to lines that mean something.
WORDS = st.sampled_from(
    [
        *CAPTURED[:40],
        RFC3339.encode(),
        HOST.encode(),
        b" postfix/smtpd[1]: ",
        b" dovecot: imap-login: ",
        b"connect from unknown[192.0.2.77]",
        b"Login: user=<",
        b"Logged in: rip=192.0.2.77, user=<",
        b" postfix/smtpd[1]: B44AE497: ",
        b"NOQUEUE: ",
        b"lost connection after DATA (0 bytes) from unknown[192.0.2.77]",
        b"milter-reject: END-OF-MESSAGE from unknown[192.0.2.77]: 4.7.1 ",
        b", rip=192.0.2.77, lip=192.0.2.1, session=<P9FZT9lgpZzAAAJN>",
        b"warning: ",
        b"haproxy read: ",
        b"\r",
        b"\x00",
        b"\xc2\x85",
    ]
)
LINES = st.lists(
    st.one_of(WORDS, st.lists(st.one_of(WORDS, st.binary(max_size=20)), max_size=6).map(b"".join)), max_size=12
).map(lambda lines: [text.replace(b"\n", b"") for text in lines])


def test_counts() -> None:
    """Every line is counted, and every line without a record as unrecognised."""
    parser = MaillogParser()
    assert len(parser.feed(CONNECT + b"\n\nsomething else\n" + CONNECT + b"\n")) == 2
    assert (parser.lines, parser.unrecognised) == (4, 2)
    assert parser.feed(b"") == []
    assert len(parser.feed(CONNECT)) == 1
    assert (parser.lines, parser.unrecognised) == (5, 2)


def test_container_output() -> None:
    """Between the mail log's lines stand the start script's, the shell's, supervisord's and tail's own."""
    parser = MaillogParser()
    records = parser.feed(
        b"\n".join(
            [
                b"2026-04-19 12:19:58+00:00 INFO  start-mailserver.sh: mail.example.org is up and running",
                b"2026-04-19 12:19:58+00:00 INFO  start-mailserver.sh: connect from unknown[192.0.2.77]",
                b"+ MASTER_CF=/etc/postfix/master.cf",
                b"2026-04-19 12:25:01,123 WARN exited: postfix (exit status 1; not expected)",
                b"tail: /var/log/mail/mail.log: file truncated",
                KUBERNETES.encode() + b" tail: /var/log/mail/mail.log: file truncated",
                line("postfix/smtpd-proxy25/postscreen", "CONNECT from [77.32.148.26]:36334 to [10.0.20.1]:25"),
                KUBERNETES.encode() + b" " + line("postfix/smtpd-proxy25/postscreen", "PASS NEW [77.32.148.26]:36334"),
            ]
        )
    )
    assert [(record.kind, record.address, record.port) for record in records] == [
        (LineKind.POSTSCREEN_CONNECT, "77.32.148.26", 36334),
        (LineKind.POSTSCREEN_PASS, "77.32.148.26", 36334),
    ]
    assert (parser.lines, parser.unrecognised) == (8, 6)


def test_the_whole_capture() -> None:
    """Of all that the laboratory wrote, only lines that are known to say nothing give no record."""
    parser = MaillogParser()
    silent = [text for text in CAPTURED if not parser.feed(text)]
    known = (b"TLS connection established", b"dovecot: auth:", b"dovecot: imap(", b"dnsblog", b"TLS library problem")
    others = [text for text in silent if not any(word in text for word in known)]
    assert [text.partition(b": ")[2][:30] for text in others] == [
        b"cache btree:/var/lib/postfix/p",
        b"warning: hostname ghost.lab.te",
    ]
    assert parser.unrecognised == len(silent)


def test_kubernetes_prefix_changes_nothing() -> None:
    """With and without Kubernetes' own time the records are the same."""
    prefixed = b"\n".join(KUBERNETES.encode() + b" " + text for text in CAPTURED)
    assert MaillogParser().feed(prefixed) == MaillogParser().feed(b"\n".join(CAPTURED))


def test_endless_lines() -> None:
    """A line longer than any daemon's costs a count, whatever it begins with."""
    parser = MaillogParser()
    fatal = line("postfix/smtpd", "fatal: " + "x" * MAX_LINE)
    assert parser.feed(fatal + b"\n" + bytes(range(11, 256)) * 300 + b"\n" + CONNECT) == (MaillogParser().feed(CONNECT))
    assert (parser.lines, parser.unrecognised) == (3, 2)
    among = b"\n".join([CONNECT] * 200 + [fatal] + [CONNECT] * 200)
    assert len(parser.feed(among)) == 400
    assert (parser.lines, parser.unrecognised) == (404, 3)
    [record] = parser.feed(line("postfix/smtpd", "fatal: " + "x" * 8000))
    assert len(record.text) == 1024


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=4096))
def test_any_bytes(block: bytes) -> None:
    """Any bytes are so many lines, and a parser goes on after them."""
    parser = MaillogParser()
    records = parser.feed(block)
    assert parser.lines == len(block.split(b"\n")) - (block.endswith(b"\n") or not block)
    assert parser.unrecognised == parser.lines - len(records)
    assert len(parser.feed(CONNECT)) == 1


@settings(deadline=None, max_examples=200)
@given(LINES, st.randoms(use_true_random=False))
def test_blocks_do_not_matter(lines: list[bytes], chance: random.Random) -> None:
    """However whole lines are cut into blocks, the records are the same."""
    whole, parts = MaillogParser(), MaillogParser()
    expected = whole.feed(b"".join(text + b"\n" for text in lines))
    records: list[LogRecord] = []
    at = 0
    while at < len(lines):
        size = chance.randint(1, len(lines))
        records += parts.feed(b"".join(text + b"\n" for text in lines[at : at + size]))
        at += size
    assert records == expected
    assert (
        (parts.lines, parts.unrecognised)
        == (whole.lines, whole.unrecognised)
        == (len(lines), len(lines) - len(records))
    )


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=200))
def test_what_a_client_writes_names_no_client(words: str) -> None:
    """Whatever a client says for a helo or a user name, the record's client is the one that the server named."""
    session = "rip=192.0.2.77, lip=203.0.113.25, TLS, session=<P9FZT9lgpZzAAAJN>"
    for text in (
        words,
        words + ", rip=198.51.100.66, lip=198.51.100.1, session=<x>",
        words + "[198.51.100.66]: 451 4.3.0 ",
    ):
        block = b"\n".join(
            [
                line("postfix/smtpd", f"NOQUEUE: reject: RCPT from unknown[192.0.2.77]: 554 5.7.1 No; helo=<{text}>"),
                line("postfix/postscreen", f"PREGREET 9 after 0 from [192.0.2.77]:7: {text}"),
                line("dovecot", f"imap-login: Disconnected: x (auth failed): user=<{text}>, {session}", pid=None),
                line("postfix/cleanup", f"3C8B4160A: message-id=<{text}>"),
            ]
        )
        records = MaillogParser().feed(block)
        assert {record.address for record in records} == {"192.0.2.77"}
        assert [record.problem for record in records] == ["", "pregreet", ""]


def test_data_is_whole() -> None:
    """The captured lines are there: a test over none would say nothing."""
    assert (DATA / "templates.txt").exists()
    assert len(CAPTURED) > 700
