"""Edges, mail log and Kubernetes: what is given, and what is off."""

import pytest

from monitor.config.load import parse
from tests.config.documents import with_block


@pytest.mark.parametrize("source", ["kubernetes: {}", "file: {path: /var/log/mail/mail.log}", "stdin: {}"])
def test_each_maillog_source_loads(source: str) -> None:
    """Each of the three sources of the mail log is one that a configuration may have."""
    maillog = parse(with_block(f"maillog: {{{source}}}"), "").paths[0].maillog
    assert maillog is not None
    assert list(maillog.sources) == [source.partition(":")[0]]
    assert maillog.source is next(iter(maillog.sources.values()))
