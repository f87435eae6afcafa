"""The roundtrip: who sends to whom, where the message is found, and who is told. Times are seconds.

Whatever may hold a credential is a secret and is shown to nobody: the URLs as well, for Uptime Kuma's is its token.
"""

from typing import Annotated

import msgspec

from monitor.config.values import (
    Duration,
    FilePath,
    FolderName,
    Host,
    HostName,
    MailAddress,
    Port,
    SecretText,
    SecretUrl,
    Text,
    Url,
    doc,
)

BREVO_URL = "https://api.brevo.com/v3"


class BrevoSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Brevo's HTTP API; exactly one of api_key and api_key_file."""

    url: Annotated[Url, doc("The API's base address.")] = BREVO_URL
    api_key: Annotated[SecretText | None, doc("The key, as ${VARIABLE}.")] = None
    api_key_file: Annotated[FilePath | None, doc("A file that holds the key.")] = None


class ImapSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mailbox, by IMAP with implicit TLS; exactly one of password and password_file."""

    host: Annotated[
        Host | None,
        doc("null: the Service for clients inside the cluster where a kubernetes block is given, else the first edge."),
    ] = None
    port: Annotated[Port, doc("The port of IMAPS.")] = 993
    server_name: Annotated[
        HostName | None, doc("The name that the certificate must be for; null: tls.server_name.")
    ] = None
    user: Annotated[Text, doc("The account that the message arrives in.")]
    password: Annotated[SecretText | None, doc("Its password, as ${VARIABLE}.")] = None
    password_file: Annotated[FilePath | None, doc("A file that holds the password.")] = None
    folder: Annotated[FolderName, doc("The folder that the message arrives in.")] = "INBOX"


class RoundtripSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mailpath roundtrip`, and what the daemon expects of it."""

    sender: Annotated[MailAddress, doc("The sender; Brevo must know it.", examples=["monitoring@example.org"])]
    recipient: Annotated[
        MailAddress, doc("The recipient; ends in the mailbox below.", examples=["smoke-test@example.org"])
    ]
    brevo: Annotated[BrevoSettings | None, doc("Who sends by default; null: only --via front_door.")] = None
    imap: Annotated[ImapSettings, doc("The mailbox in which the message is found.")]
    timeout: Annotated[Duration, doc("Time from sending the message to finding it.")] = 300.0
    poll_interval: Annotated[Duration, doc("Time between two polls of the mailbox.")] = 5.0
    step_timeout: Annotated[Duration, doc("Time for each poll, request and delivery.")] = 20.0
    backup_mx: Annotated[
        tuple[HostName, ...],
        doc("Names of backup MXes, as they stand in Received lines: mail that came by one is reported as such."),
    ] = ()
    pushgateway_url: Annotated[SecretUrl | None, doc("A Prometheus Pushgateway; null: nothing is pushed.")] = None
    kuma_url: Annotated[SecretUrl | None, doc("The push URL of an Uptime Kuma monitor, called on success only.")] = None
    daemon_urls: Annotated[
        tuple[SecretUrl, ...],
        doc(
            "mailpath's daemon, every replica of it: each receives the result, and the first that answers "
            "is asked about a failure."
        ),
    ] = ()
    expected_interval: Annotated[
        Duration | None, doc("How often the daemon expects a result; overdue at three times that; null: never overdue.")
    ] = 1200.0
