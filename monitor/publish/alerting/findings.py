"""Alerts on what no diagnosis tells: the roundtrip by its kinds, an open relay, certificates that end, thin pools."""

from collections.abc import Iterator

from monitor.core import runbook
from monitor.core.haproxy import ServerState
from monitor.core.verdicts import Hop
from monitor.publish import catalogue
from monitor.publish.alerting.alert import Alert, Severity
from monitor.publish.alerting.hops import diagnosed
from monitor.publish.alerting.promql import HERE, aggregate, listing
from monitor.publish.alerting.thresholds import Thresholds
from monitor.publish.meanings import HOPS

_PATH = "Mail path {{ $labels.path }}"
_NOT_AFTER = catalogue.CERTIFICATE_NOT_AFTER
_SERVER = ("path", "edge", "backend", "server")
_UP = ("=~", "|".join(state for state in ServerState if state.up))
_READY = (
    f"{aggregate('max', catalogue.HAPROXY_SERVER_STATE, _SERVER, state=_UP)} == 1\n"
    f"    and {aggregate('max', catalogue.HAPROXY_SERVER_ADMIN_STATE, _SERVER, state='ready')} == 1"
)
_ALL = aggregate("max", catalogue.HAPROXY_SERVER_STATE, _SERVER, state="RUNNING")


def finding_alerts(thresholds: Thresholds) -> Iterator[Alert]:
    """Give them."""
    yield from _roundtrip(thresholds)
    yield from _refusals()
    yield from _certificates(thresholds)
    yield _thin_pool(thresholds)


def _roundtrip(thresholds: Thresholds) -> Iterator[Alert]:
    # The diagnosis names the roundtrip only where no hop is known to be broken: else its failure is an effect.
    told = diagnosed(Hop.ROUNDTRIP)
    known = aggregate("max", catalogue.ROUNDTRIP_SUCCESS, ("path",))
    ever = aggregate("max", catalogue.ROUNDTRIP_LAST_SUCCESS, ("path",))
    kinds = (
        (
            "MailpathRoundtripFailing",
            f"{told}\nand on (path)\n({known} == 0)",
            "a whole message does not arrive",
            "Every hop is fine, and the roundtrip's message was not found in its mailbox.",
            "What comes from outside may be lost on the way, or be stuck in a queue.",
        ),
        (
            "MailpathRoundtripStale",
            f"{told}\nunless on (path)\n{known}\nand on (path)\n{ever}",
            "no roundtrip has been reported for long",
            "Roundtrips used to succeed, and for three intervals nobody has reported one.",
            "Mail may be fine; nobody tries it as a whole any more.",
        ),
        (
            "MailpathRoundtripNeverRun",
            f"{told}\nunless on (path)\n{known}\nunless on (path)\n{ever}",
            "no roundtrip has ever been reported",
            "A roundtrip is configured, and since its start the daemon has heard of none.",
            "Mail may be fine; nobody tries it as a whole.",
        ),
    )
    for name, expression, summary, what, mail in kinds:
        yield Alert(
            name=name,
            severity=Severity.CRITICAL,
            hop=Hop.ROUNDTRIP,
            expression=expression,
            wait=thresholds.settle,
            summary=f"{_PATH}: {summary}",
            what=what,
            mail=mail,
            commands=HOPS[Hop.ROUNDTRIP].commands,
        )
    yield Alert(
        name="MailpathViaBackup",
        severity=Severity.WARNING,
        hop=Hop.WAN,
        expression=f"{aggregate('max', catalogue.ROUNDTRIP_VIA_BACKUP, ('path',))} == 1",
        wait=thresholds.settle,
        summary=f"{_PATH}: mail comes by the backup MX",
        what="The roundtrip's message arrived, but a backup MX had to hand it on.",
        mail="The front door did not take it from outside. The backup MX keeps mail for some days only.",
        commands=HOPS[Hop.NAT].commands,
    )


def _refusals() -> Iterator[Alert]:
    # One round in an hour says so, and it is certain: there is nothing to wait for.
    refused = catalogue.NEGATIVE_PROBE_REFUSED
    yield Alert(
        name="MailpathOpenRelay",
        severity=Severity.CRITICAL,
        hop=Hop.MAIL_SERVER,
        expression=f"{aggregate('min', refused, ('path',), probe='relay_canary')} == 0",
        wait=0.0,
        summary=f"{_PATH}: the mail server relays for strangers",
        what="A recipient of a foreign domain was accepted from a stranger's address, and must be refused.",
        mail="Spam will be sent through it within hours, and then nobody takes mail of ours any more. Act at once.",
        commands=(runbook.POSTCONF_RELAY,),
    )
    yield Alert(
        name="MailpathHeaderBelieved",
        severity=Severity.WARNING,
        hop=Hop.PROXY_HEADER,
        expression=f"{aggregate('min', refused, ('path', 'service'), probe=('=~', 'no_header|header_on_check'))} == 0",
        wait=0.0,
        summary=f"{_PATH}: {{{{ $labels.service }}}} takes clients that it must refuse",
        what="A data port serves who sends no PROXY header, or a stock port believes one.",
        mail="Mail flows. Whoever reaches this port from inside can claim any client address, or shows none.",
        commands=(runbook.POSTCONF_SERVICES,),
    )


def _certificates(thresholds: Thresholds) -> Iterator[Alert]:
    left = f"{aggregate('min', _NOT_AFTER, ('path',))} - time()"
    soon = listing(
        "Ends first on",
        f"bottomk(1, {aggregate('min', _NOT_AFTER, ('service',), path=HERE)})",
        "service",
        sort="service",
    )
    critical, warning = int(thresholds.certificate_critical), int(thresholds.certificate_warning)
    limits = (
        (Severity.CRITICAL, f"({left} < {critical}) > 0"),
        (Severity.WARNING, f"({left} < {warning}) >= {critical}"),
    )
    for severity, expression in limits:
        yield Alert(
            name="MailpathCertificateExpiring",
            severity=severity,
            hop=Hop.TLS,
            # One that is not valid now is the diagnosis' own: it is told there.
            expression=f"{expression}\nunless on (path)\n({diagnosed(Hop.TLS)})",
            wait=thresholds.settle,
            summary=f"{_PATH}: the certificate ends in {{{{ $value | humanizeDuration }}}}",
            what="It should have been renewed, or the servers have not been reloaded since.",
            listed=soon,
            mail="Nothing is wrong yet. From that hour on mail clients warn or refuse.",
            commands=HOPS[Hop.TLS].commands,
        )


def _thin_pool(thresholds: Thresholds) -> Alert:
    one_left = f"count by (path, edge, backend) (\n    {_READY}\n  ) == 1"
    of_several = f"count by (path, edge, backend) (\n    {_ALL}\n  ) > 1"
    ready = aggregate("max", catalogue.HAPROXY_SERVER_STATE, ("edge", "backend", "server"), path=HERE, state=_UP)
    return Alert(
        name="MailpathPoolThin",
        severity=Severity.WARNING,
        hop=Hop.BACKEND,
        # Where something is diagnosed, that is why.
        expression=f"count by (path) (\n  {one_left}\n  and\n  {of_several}\n)\nand on (path)\n({diagnosed(Hop.NONE)})",
        wait=thresholds.settle,
        summary=f"{_PATH}: HAProxy has one server left to send clients to",
        what="All others of a pool are down, in maintenance or drained.",
        listed=listing("With one server running", f"count by (backend) ({ready} == 1) == 1", "backend", sort="backend"),
        mail="Nobody is harmed yet. If the last one goes, nobody outside reaches the service.",
        commands=HOPS[Hop.BACKEND].commands,
    )
