"""Which listener wrote a line."""

import pytest

from monitor.verdict.log_listeners import Listeners
from tests.verdict.build import EDGE, IMAPS, SERVICES
from tests.verdict.lines import OUTSIDE, POD, batch, dovecot, postscreen, smtpd


@pytest.mark.parametrize(
    ("line", "port"),
    [
        (postscreen(OUTSIDE)[0], 2525),
        (postscreen(OUTSIDE, proxied=False)[0], 25),
        (postscreen(OUTSIDE)[2], None),
        (smtpd(OUTSIDE, "smtpd-proxy465")[0], 4465),
        (smtpd(OUTSIDE, "smtpd-proxy587")[0], 5587),
        (smtpd(OUTSIDE, "smtpd-proxy58")[0], None),
        (smtpd(OUTSIDE, "submissions")[0], 465),
        (smtpd(OUTSIDE, "smtps")[0], 465),
        (smtpd(OUTSIDE, "submission")[0], 587),
        (dovecot(OUTSIDE)[0], 10993),
        (dovecot(OUTSIDE, lip=POD)[0], 993),
        (f"dovecot: imap-login: haproxy: Client disconnected (rip={OUTSIDE})", None),
    ],
)
def test_the_program_or_the_destination_tells_the_listener(line: str, port: int | None) -> None:
    """Postfix by its syslog_name, Dovecot by ``lip``; what names neither belongs to none."""
    (record,) = batch(line).records
    assert Listeners(SERVICES, [EDGE.address]).of(record) == port


def test_a_path_without_imap_has_no_dovecot() -> None:
    """Dovecot's lines belong to no listener where no service speaks IMAP."""
    (record,) = batch(*dovecot(OUTSIDE)).records
    assert Listeners([each for each in SERVICES if each is not IMAPS], [EDGE.address]).of(record) is None


@pytest.mark.parametrize(
    ("program", "stock"),
    [
        ("postfix/postscreen", True),
        ("postfix/submission/smtpd", True),
        ("postfix/smtpd-proxy25/postscreen", False),
        ("postfix/other/postscreen", False),
    ],
)
def test_stock_listeners_are_known_by_their_names(program: str, stock: bool) -> None:  # noqa: FBT001 - a table's column
    """Postfix's own names, and no others."""
    assert Listeners(SERVICES, [EDGE.address]).is_stock(program) is stock
