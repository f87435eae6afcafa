"""Who is told: off until configured, its URLs secrets."""

from monitor.config.load import parse
from monitor.config.notify import NotifySettings
from monitor.config.show import show
from monitor.config.values import Secret
from tests.config.documents import MINIMAL, faults_of

NOTIFY = b"""
notify:
  webhook_url: ${WEBHOOK}
  heartbeat_url: http://10.0.20.9:3001/api/push/abc
  heartbeat_interval: 30s
"""


def test_nobody_is_told_until_configured() -> None:
    """Absent is off, and strangers' addresses are masked."""
    settings = parse(MINIMAL, "mailpath.yml")
    assert settings.notify is None
    assert settings.status_page.client_addresses == "masked"


def test_the_urls_are_secrets() -> None:
    """They come from the environment where wanted, and are shown to nobody."""
    settings = parse(MINIMAL + NOTIFY, "mailpath.yml", environ={"WEBHOOK": "https://hooks.example.org/T0/marked"})
    heartbeat = Secret("http://10.0.20.9:3001/api/push/abc")
    webhook = Secret("https://hooks.example.org/T0/marked")
    assert settings.notify == NotifySettings(webhook_url=webhook, heartbeat_url=heartbeat, heartbeat_interval=30.0)
    assert "marked" not in show(settings)
    assert "abc" not in show(settings)


def test_what_is_no_url_is_a_fault() -> None:
    """Its content is not repeated: it may be a secret all the same."""
    (fault,) = faults_of(MINIMAL + b"notify: {webhook_url: hunter2}\n")
    assert "notify.webhook_url: expected an http or https URL" in fault
    assert "hunter2" not in fault
