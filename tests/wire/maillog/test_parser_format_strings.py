"""Lines written from the format strings of Postfix and Dovecot, by an author who had not read the parser."""

import pytest

from monitor.wire.maillog import MaillogParser
from tests.wire.maillog.lines import Written, written_lines

WRITTEN = written_lines()
# Delivered 0.84 s after it arrived: such lines are most of a log and are skipped on purpose. See ``delivery``.
AT_ONCE = ", delay=0.84, "


@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: f"{written.function}: {written.line[:80]}")
def test_a_line_has_its_right_value(written: Written) -> None:
    """Kind, problem, client, destination, queue id and status; no record for a line that is not of interest."""
    records = MaillogParser().feed(written.line.replace(AT_ONCE, ", delay=840, ").encode())
    if written.record == "-":
        assert records == []
        return
    [record] = records
    assert f"{record.kind}/{record.problem}".rstrip("/") == written.record
    assert (record.address, str(record.port), record.local_address) == (
        written.address,
        written.port,
        written.destination,
    )
    status = record.text.removeprefix("status=").partition(" ")[0]
    assert (f"{record.queue_id} {status}" if record.queue_id else "") == written.delivery


def test_one_line_is_left_out_on_purpose() -> None:
    """Mail that was delivered at once is not read; every other line has the value of its row as it stands."""
    [written] = [each for each in WRITTEN if AT_ONCE in each.line]
    assert written.delivery.endswith(" sent")
    assert MaillogParser().feed(written.line.encode()) == []


def test_the_table_is_whole() -> None:
    """A table that was not found would prove nothing."""
    assert len(WRITTEN) == 30
    assert sum(written.record == "-" for written in WRITTEN) == 4
