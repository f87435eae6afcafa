"""The mail log in production's format, and what may happen to its file."""

import os
import re

from tests.lab.helpers import greet
from tests.lab.lab import Lab


def test_the_maillog_is_written_as_rsyslog_writes_it(lab: Lab) -> None:
    """Each line has the time with microseconds and zone, the host and the program's name with its pid."""
    mark, size = lab.maillog.mark(), lab.maillog.path.stat().st_size
    greet(lab)
    lab.maillog.wait_for("disconnect from", mark)
    lines = lab.maillog.path.read_bytes()[size:].decode().splitlines()
    assert lab.maillog.since(mark)[-1] in lines
    pattern = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 mail (postfix/[\w/-]+\[\d+\]|dovecot): \S.*")
    assert [line for line in lines if not pattern.fullmatch(line)] == []


def test_the_maillog_rotates_by_rename_and_by_copytruncate(lab: Lab) -> None:
    """After a rename the file is another one, after copytruncate the same one, shorter."""
    greet(lab)
    before = lab.maillog.path.stat()
    lab.maillog.rotate()
    greet(lab)
    renamed = lab.maillog.path.stat()
    assert lab.maillog.path.with_name("mail.log.1").stat().st_ino == before.st_ino != renamed.st_ino
    lab.maillog.copytruncate()
    mark = lab.maillog.mark()
    greet(lab)
    lab.maillog.wait_for("disconnect from", mark)
    truncated = lab.maillog.path.stat()
    assert truncated.st_ino == renamed.st_ino
    assert 0 < truncated.st_size < renamed.st_size + 1000


def test_a_cut_pipeline_and_a_full_disk_lose_lines_while_mail_flows(lab: Lab) -> None:
    """The servers greet on, the file does not grow, and after healing it does."""
    for fault in (lab.maillog.cut, lab.maillog.fill_disk):
        fault()
        size = lab.maillog.path.stat().st_size
        for _ in range(50):
            greet(lab)
        assert lab.maillog.path.stat().st_size - size < os.sysconf("SC_PAGESIZE")
        lab.maillog.heal()
        mark = lab.maillog.mark()
        greet(lab)
        lab.maillog.wait_for("disconnect from", mark)
        assert lab.maillog.since(mark)[0] in lab.maillog.path.read_text()
