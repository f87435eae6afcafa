"""Who is told without asking: a webhook of events, and a dead man's switch; and what the status page may show.

The URLs are secrets: whoever knows them can speak in our name.
"""

from typing import Annotated, Literal

import msgspec

from monitor.config.values import Duration, SecretUrl, doc


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom mailpath notifies by itself, beside its log."""

    webhook_url: Annotated[
        SecretUrl | None, doc("Receives a POST with JSON for each change of a verdict or diagnosis; null: none.")
    ] = None
    heartbeat_url: Annotated[
        SecretUrl | None,
        doc(
            "A push URL outside (healthchecks.io, Uptime Kuma) that raises the alarm when the GETs stop: "
            "mailpath, Prometheus and mail may die together; null: none."
        ),
    ] = None
    heartbeat_interval: Annotated[Duration, doc("Time between two heartbeats.")] = 60.0


class StatusPageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the status page shows."""

    client_addresses: Annotated[
        Literal["masked", "shown"],
        doc("Internet addresses on the page and in events; internal ones are always shown."),
    ] = "masked"
