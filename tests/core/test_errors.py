"""Errors: what a person reads, and how much of a peer's bytes is kept."""

import pytest

from monitor.core.errors import KEPT_BYTES, ConfigError, Fault, LinkError, MailpathError, WireError
from monitor.core.taxonomy import Reason


def test_a_configuration_error_lists_every_fault_in_its_order() -> None:
    """A line for each, with its place."""
    faults = Fault("mailpath.yml:12: paths[0].name", "expected a name"), Fault("mailpath.yml:3: path", "unknown key")
    error = ConfigError(*faults)
    assert error.faults == faults
    assert str(error).splitlines() == [
        "mailpath.yml:12: paths[0].name: expected a name",
        "mailpath.yml:3: path: unknown key",
    ]


@pytest.mark.parametrize("kind", [LinkError, WireError])
def test_an_error_reads_as_its_reason_and_detail(kind: type[LinkError | WireError]) -> None:
    """The detail may be missing."""
    assert str(kind(Reason.REFUSED, "Connection refused")) == "refused: Connection refused"
    assert str(kind(Reason.REFUSED)) == "refused"


def test_a_wire_error_keeps_the_first_bytes_only() -> None:
    """A peer cannot fill our memory or our log by what it sends."""
    assert WireError(Reason.MALFORMED, data=b"x" * 10_000).data == b"x" * KEPT_BYTES


def test_all_errors_on_purpose_have_one_base() -> None:
    """The engine tells a bug by its absence."""
    assert {kind.__base__ for kind in (ConfigError, LinkError, WireError)} == {MailpathError}
