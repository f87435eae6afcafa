"""The simulated mail log, as a file."""

import re
from pathlib import Path

import pytest

from monitor.demo import maillog_writer
from monitor.demo.maillog_writer import MaillogWriter, neutered, quoted


def test_a_line_is_docker_mailservers(tmp_path: Path) -> None:
    """RFC 3339 time with microseconds, the pod's name, program and pid, the message."""
    log = MaillogWriter(tmp_path / "mail.log")
    with log.process("postfix/smtpd") as say:
        say("connect from unknown[192.0.2.77]")
    log.close()
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 mailserver-\S+ postfix/smtpd\[\d+\]: connect from .*\n"
    assert re.fullmatch(pattern, log.path.read_text())


def test_processes_are_used_again(tmp_path: Path) -> None:
    """A free process takes the next client, a busy one does not."""
    log = MaillogWriter(tmp_path / "mail.log")
    with log.process("postfix/smtpd") as one, log.process("postfix/smtpd") as two:
        one("first")
        two("second")
    with log.process("postfix/smtpd") as say:
        say("third")
    pids = re.findall(r"\[(\d+)\]", log.path.read_text())
    assert pids[0] != pids[1]
    assert pids[2] in pids[:2]
    log.close()


def test_a_stalled_log_gets_no_lines(tmp_path: Path) -> None:
    """What is said meanwhile is lost."""
    log = MaillogWriter(tmp_path / "mail.log")
    log.stalled = True
    log.write("dovecot", "imap-login: nobody hears this")
    log.close()
    assert log.path.read_bytes() == b""


def test_the_file_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo that runs for days keeps two files of a bounded size."""
    monkeypatch.setattr(maillog_writer, "MAX_BYTES", 1000)
    log = MaillogWriter(tmp_path / "mail.log")
    for number in range(100):
        log.write("dovecot", f"line {number}")
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail.log", "mail.log.1"]
    assert all(path.stat().st_size < 1200 for path in tmp_path.iterdir())


def test_bytes_are_quoted_as_postfix_does() -> None:
    """The PROXY v2 signature looks in the log as Postfix shows it."""
    assert quoted(b"\r\n\r\n\0\r\nQUIT\n!\x11") == r"\r\n\r\n\000\r\nQUIT\n!\021"


def test_a_clients_words_cannot_forge_a_line() -> None:
    """Whatever does not print is replaced, and the length is bounded."""
    assert neutered("a\rb\x1bc\xff") == "a?b?c?"
    assert len(neutered("x" * 10_000)) == 256
