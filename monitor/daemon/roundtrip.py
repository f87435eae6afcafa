"""One roundtrip by hand or by a CronJob: composed, done, told to whoever shall know."""

import asyncio
import ipaddress
import secrets
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import msgspec

from monitor.config.roundtrip import RoundtripSettings
from monitor.config.settings import PathSettings
from monitor.config.sources import MaillogSettings
from monitor.config.values import Secret
from monitor.core.errors import ConfigError, Fault, LinkError
from monitor.core.roundtrip import MARKER_PREFIX, Letter, Roundtrip, Via
from monitor.daemon.reporting import Told, explain, report
from monitor.links.clock import wall_clock
from monitor.links.mailbox import Mailbox, MailboxSettings
from monitor.links.smtp_client import SmtpClient, SmtpSettings
from monitor.probes import roundtrip as probe
from monitor.probes.carriers import Brevo, FrontDoor
from monitor.probes.claim import origin_networks
from monitor.verdict.origins import Origins, sent_by_ourselves, sent_from_outside

MAX_SECRET = 4096
SMTP_PORT = 25


def roundtrip_once(path: PathSettings, via: Via) -> tuple[int, str]:
    """Do one roundtrip and tell everybody; gives the exit code and what to print.

    The code is 0 where the message arrived under its sender's own address and somebody has heard of it, else 1.

    Raises:
        ConfigError: the path's ``roundtrip`` is absent, or lacks what this needs.
    """
    return asyncio.run(_roundtrip_once(path, via))


async def _roundtrip_once(path: PathSettings, via: Via) -> tuple[int, str]:
    settings = path.roundtrip
    place = f"paths.{path.name}.roundtrip"
    if settings is None:
        needs = "sender, recipient, imap.user, imap.password_file, and brevo.api_key_file (or --via front_door)"
        raise ConfigError(Fault(place, f"missing; `mailpath roundtrip` needs {needs}"))
    password = _secret(f"{place}.imap.password", settings.imap.password, settings.imap.password_file)
    key = Secret("")
    if via is Via.BREVO:
        if settings.brevo is None:
            raise ConfigError(Fault(f"{place}.brevo", "missing; give brevo.api_key_file, or use --via front_door"))
        key = _secret(f"{place}.brevo.api_key", settings.brevo.api_key, settings.brevo.api_key_file)
    hidden = (password, key)

    carrier = _brevo(settings, key) if via is Via.BREVO else _front_door(path, settings)
    box = _mailbox(path, settings, password)
    letter = Letter(settings.sender, settings.recipient, MARKER_PREFIX + secrets.token_hex(8), wall_clock())
    asked = probe.RoundtripSettings(
        path.name, via, letter, settings.timeout, settings.poll_interval, settings.backup_mx
    )
    trying = probe.RoundtripProbe(asked, carrier, box, _judge(path, via))

    loop = asyncio.get_running_loop()
    began = loop.time()
    trip = await trying.run()
    result = trying.judge(trip, loop.time() - began, wall_clock())
    notes = [note for note in (carrier.note,) if note and not result.success]
    if not result.success:
        notes += await explain(settings, path.name)
    result = replace(result, detail=hide("; ".join((result.detail, *notes)), hidden))
    told = await report(settings, result)
    return _conclude(result, told, hidden)


def hide(text: str, hidden: Collection[Secret]) -> str:
    """Take secrets out of a text: a server may repeat in its answer what it was given."""
    for secret in hidden:
        if secret.reveal():
            text = text.replace(secret.reveal(), repr(secret))
    return text


def _conclude(result: Roundtrip, told: list[Told], hidden: Collection[Secret]) -> tuple[int, str]:
    lines = [f"Round-trip {result.words}", *(each.words for each in told)]
    heard = not told or any(each.ok for each in told)
    sound = result.success and result.client_ip_recovered is not False
    return (0 if sound and heard else 1), hide("\n".join(lines), hidden)


def _judge(path: PathSettings, via: Via) -> probe.IsSender:
    # Who is who is known without a mail log as well.
    known = msgspec.structs.replace(path, maillog=path.maillog or MaillogSettings())
    origins = Origins(origin_networks(known), [node.address for node in path.known_nodes])
    if via is Via.BREVO:
        return sent_from_outside(origins)
    return sent_by_ourselves(origins, [ipaddress.ip_network(text) for text in path.front_door.seen_as])


def _brevo(settings: RoundtripSettings, key: Secret) -> Brevo:
    url = settings.brevo.url if settings.brevo is not None else ""
    return Brevo(url, key.reveal(), settings.step_timeout)


def _front_door(path: PathSettings, settings: RoundtripSettings) -> FrontDoor:
    if not path.edges:
        raise ConfigError(Fault(f"paths.{path.name}.edges", "missing; --via front_door sends to the first edge"))
    return FrontDoor(
        SmtpClient(
            SmtpSettings(
                host=path.edges[0].address,
                port=SMTP_PORT,
                helo=path.handshakes.helo,
                source_address=path.front_door.source_address,
                timeout=settings.step_timeout,
            )
        )
    )


def _mailbox(path: PathSettings, settings: RoundtripSettings, password: Secret) -> Mailbox:
    imap = settings.imap
    try:
        return Mailbox(
            MailboxSettings(
                host=imap.host or "",
                port=imap.port,
                server_name=imap.server_name or path.tls.server_name,
                ca_file=path.tls.ca_file,
                verify=path.tls.verify,
                user=imap.user,
                password=password.reveal(),
                folder=imap.folder,
                sender=settings.sender,
                timeout=settings.step_timeout,
                leftover_after=settings.timeout,
            )
        )
    except LinkError as error:
        raise ConfigError(Fault(f"paths.{path.name}.tls.ca_file", error.detail)) from error


def _secret(place: str, given: Secret | None, file: str | None) -> Secret:
    """Give a secret that stands in the configuration or in a file; a newline at the file's end is not part of it."""
    if given is not None:
        return given
    try:
        with Path(file or "").open("rb") as source:
            text = source.read(MAX_SECRET + 1).decode().rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(Fault(f"{place}_file", f"{file} cannot be read: {reason}")) from None
    if not text or len(text) > MAX_SECRET or not text.isprintable():
        raise ConfigError(Fault(f"{place}_file", f"{file} holds no secret of one line"))
    return Secret(text)
