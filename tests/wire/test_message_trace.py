"""The trace of a message: what our own server wrote on top of it, and what anybody may have written below."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.wire.message import MAX_RELAYS, Relay, handed_over, passed, relays

POSTFIX = b"""Received: from smtp.brevo.example (smtp.brevo.example [77.32.148.20])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\t(No client certificate requested)
\tby mail.example.org (Postfix) with ESMTPS id 4F1A2B3C
\tfor <smoke-test@example.org>; Sun, 22 Nov 2026 11:00:00 +0000 (UTC)
"""
CONTENT_FILTER = b"""Received: from localhost (localhost [127.0.0.1])
\tby mail.example.org (Postfix) with ESMTP id 5A; Sun, 22 Nov 2026 11:00:01 +0000 (UTC)
"""
LMTP = b"Received: from mail.example.org\n\tby mail.example.org with LMTP\n\tid abc; Sun, 22 Nov 2026 11:00:02 +0000\n"
BACKUP = b"""Received: from mx2.example.net (unknown [IPv6:2001:db8::25])
\tby mail.example.org (Postfix) with ESMTPS id 6B; Sun, 22 Nov 2026 11:00:03 +0000 (UTC)
"""
FORGED = b"Received: from a (b [203.0.113.9]) by mail.example.org (Postfix) id 1\nSubject: hello\n\n"

BREVO = Relay("smtp.brevo.example", "smtp.brevo.example", "77.32.148.20", "mail.example.org")


@pytest.mark.parametrize("above", [b"", CONTENT_FILTER, LMTP, CONTENT_FILTER + LMTP])
def test_the_hand_over_is_the_newest_from_another_host(above: bytes) -> None:
    """What handles the message behind our server is not its sender, and what stands further down proves nothing."""
    assert handed_over(relays(above + POSTFIX + FORGED)) == BREVO


def test_no_trace() -> None:
    """Without any line, or with none that names an address, nobody knows."""
    assert handed_over(relays(b"Subject: x\n\n")) is None
    assert handed_over(relays(LMTP)) is None
    assert relays(LMTP) == (Relay("mail.example.org", "", "", "mail.example.org"),)


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (b"from a (unknown [2001:DB8::1]) by b", "2001:db8::1"),
        (b"from a (unknown [IPv6:2001:db8::1]) by b", "2001:db8::1"),
        (b"from [192.0.2.1] (c [192.0.2.2]) by b", "192.0.2.2"),
        (b"from a ([192.0.2.3]) by b with LMTP", "192.0.2.3"),
        (b"from a (b [999.0.2.3]) by b", ""),
        (b"by b with HTTP", ""),
        (b"from evil (x [192.0.2.9 (real [192.0.2.10]) by b", ""),
    ],
)
def test_an_address_stands_where_postfix_writes_it(line: bytes, address: str) -> None:
    """Whatever a client calls itself, its address is the one in brackets behind its name."""
    (relay,) = relays(b"Received: " + line + b"\n\n")
    assert relay.address == address


def test_the_backup_mx_is_known_by_its_name() -> None:
    """By what it calls itself, by DNS, or as a taker; in any spelling."""
    assert passed(relays(BACKUP + POSTFIX), ["MX2.example.net."])
    assert passed(relays(POSTFIX.replace(b"by mail.example.org", b"by mx2.example.net")), ["mx2.example.net"])
    assert not passed(relays(POSTFIX), ["mx2.example.net"])
    assert not passed(relays(BACKUP), [])


def test_a_name_that_is_not_said_matches_nothing() -> None:
    """An empty name is none."""
    assert not passed(relays(LMTP), ["mx2.example.net"])


@given(st.binary(max_size=2000))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_a_header(data: bytes) -> None:
    """Nothing that a message may hold is an error, and no more is kept than a message can have passed."""
    trace = relays(b"Received: " + data + b"\n" + data)
    assert len(trace) <= MAX_RELAYS
    assert all(relay.address != "localhost" for relay in trace)
    handed_over(trace)


def test_no_more_relays_than_postfix_suffers() -> None:
    """A header full of them is cut."""
    assert len(relays(POSTFIX * 200)) == MAX_RELAYS
