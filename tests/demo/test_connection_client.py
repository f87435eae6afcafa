"""How Postfix writes a client."""

from monitor.demo.connection import Client


def test_a_client_is_written_as_smtpd_and_postscreen_do() -> None:
    """The smtpd daemon shows a name and an address, postscreen both ends with their ports."""
    client = Client("192.0.2.77", 40001, "10.0.20.1", 25)
    assert str(client) == "unknown[192.0.2.77]"
    assert f"{client.source} to {client.destination}" == "[192.0.2.77]:40001 to [10.0.20.1]:25"
