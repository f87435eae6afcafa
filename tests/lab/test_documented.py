"""What docs/crowdsec.md says of the mail log is what real servers write."""

import re
from pathlib import Path

from tests.lab.daemon import Daemon
from tests.lab.lab import Lab

DOCUMENT = (Path(__file__).parents[2] / "docs" / "crowdsec.md").read_text()
OURS = "192.0.2."
PROGRAM = re.compile(r"^\S+ \S+ ([^\[:]+)")


def test_the_drop_meets_our_lines_alone_and_the_programs_are_named(lab: Lab, tmp_path: Path) -> None:
    """Every line with an address that we claim is dropped, no other is; each comes from a program of the table."""
    found = re.search(r"expression += `(.+)`", DOCUMENT)
    assert found is not None
    drop = re.compile(found[1])
    mark = lab.maillog.mark()
    with Daemon(lab, tmp_path, lab.configuration()) as daemon:
        daemon.until_sound()
    lines = lab.maillog.since(mark)
    ours = [line for line in lines if OURS in line]
    programs = {match[1] for line in ours if (match := PROGRAM.match(line))}
    assert [line for line in lines if drop.search(line)] == ours
    assert "postfix/smtpd-proxy25/postscreen" in programs
    assert programs <= set(re.findall(r"`([a-z0-9/-]+)`", DOCUMENT)), programs
