"""IPv6 handshakes in the mail log: one line may be a stranger's, two in a row are ours."""

from dataclasses import replace

from monitor.core.conversation import Conversation, DialogueOutcome, Endpoints
from monitor.core.observations import Judgement, Observation
from monitor.core.verdicts import Verdict
from monitor.verdict.ipv6 import Ipv6Log
from monitor.verdict.plan import Ipv6Plan
from tests import kinds
from tests.verdict.build import EDGE, SMTP, target
from tests.verdict.lines import Log, batch, path

WHERE = target(kinds.IPV6_HEADER, "", SMTP)
CLAIMED = "2001:db8:25::99"
PLAN = Ipv6Plan(
    {WHERE: SMTP},
    CLAIMED,
    "2001:db8::25",
    needed=False,
    reply=False,
    log=True,
    refused_interval=3600.0,
    rests_on=kinds.HANDSHAKE,
)


def log(plan: Ipv6Plan = PLAN) -> Ipv6Log:
    """Give a memory that follows a plan."""
    made = Ipv6Log()
    made.replan(plan)
    return made


def feed(known: Ipv6Log, plan: Ipv6Plan, now: float, *messages: str) -> None:
    """Let lines come, or the sign that there were none."""
    come = batch(*messages, now=now)
    known.feed(come, Log(path(destinations=(plan.destination,))).name(come.records), plan)


def probe_run(known: Ipv6Log, address: str, now: float, plan: Ipv6Plan = PLAN) -> None:
    """End a handshake that the log shows under this address."""
    ends = Endpoints("10.0.20.50", 40001, "10.0.20.101", SMTP.node_port)
    conversation = Conversation(now, now, ends, {}, outcome=DialogueOutcome())
    known.add(Observation(WHERE, now, now, now, Judgement(Verdict.OK), conversation=conversation), plan)
    line = f"postfix/smtpd-proxy25/postscreen[1]: CONNECT from [{address}]:40001 to [2001:db8::25]:25"
    feed(known, plan, now + 0.1, line)
    feed(known, plan, now + 60.0)


def test_a_foreign_address_is_believed_when_it_is_shown_twice_in_a_row() -> None:
    """Another address each time is strangers; the claimed one is certain at once."""
    known = log()
    probe_run(known, EDGE.address, 0.0)
    assert known.seen(WHERE) is None
    probe_run(known, "10.0.20.9", 600.0)
    assert known.seen(WHERE) is None
    probe_run(known, "10.0.20.9", 1200.0)
    assert known.seen(WHERE) == "10.0.20.9"
    probe_run(known, CLAIMED, 1800.0)
    assert known.seen(WHERE) == CLAIMED


def test_a_plan_that_seeks_no_log_forgets_it() -> None:
    """And learns nothing from then on."""
    known = log()
    probe_run(known, CLAIMED, 0.0)
    assert known.seen(WHERE) == CLAIMED
    deaf = replace(PLAN, log=False)
    known.replan(deaf)
    assert known.seen(WHERE) is None
    probe_run(known, CLAIMED, 600.0, deaf)
    assert known.seen(WHERE) is None


def test_a_handshake_that_broke_off_is_not_sought() -> None:
    """It left no line that says how it ended."""
    known = log()
    known.add(Observation(WHERE, 0.0, 0.0, 0.0, Judgement(Verdict.NO_GREETING)), PLAN)
    feed(known, PLAN, 60.0)
    assert known.seen(WHERE) is None
