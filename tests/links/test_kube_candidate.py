"""One candidate for a Lease: when it claims, what it writes, when it stops; and that two never lead at once."""

import random
from typing import Any

import pytest

from monitor.links.kube_candidate import Candidate, Document, LeaseTiming, micro_time

TIMING = LeaseTiming()
WALL = 1772359202.000005


def lease(holder: str | None, version: int = 1, **spec: object) -> dict[str, Any]:
    """Give a Lease as the API has it."""
    return {
        "metadata": {"name": "mailpath", "resourceVersion": str(version)},
        "spec": {"holderIdentity": holder, **spec},
    }


def candidate(identity: str = "a", timing: LeaseTiming = TIMING) -> Candidate:
    """Give a candidate that has seen nothing."""
    return Candidate("mailpath", identity, timing)


def test_a_lease_that_is_not_there_is_made() -> None:
    """The first write is a whole Lease, of the first term."""
    one = candidate()
    one.saw(None, 0.0)
    assert one.claim(0.0, WALL) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "mailpath"},
        "spec": {
            "holderIdentity": "a",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-03-01T10:00:02.000005Z",
            "renewTime": "2026-03-01T10:00:02.000005Z",
            "leaseTransitions": 0,
        },
    }


@pytest.mark.parametrize(
    ("wall", "text"), [(0.0, "1970-01-01T00:00:00.000000Z"), (WALL, "2026-03-01T10:00:02.000005Z")]
)
def test_time_is_written_in_utc_with_six_digits(wall: float, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the host believes itself to be, MicroTime is UTC and has its six digits."""
    monkeypatch.setenv("TZ", "Europe/Sofia")
    assert micro_time(wall) == text


def test_leading_counts_from_before_the_write_was_sent() -> None:
    """However late the answer came, leading ends ``renew_deadline`` after the renewal was sent."""
    one = candidate()
    one.wrote(lease("a"), began=100.0)
    assert one.leads_until == 110.0
    assert (one.leads(109.9), one.leads(110.0)) == (True, False)


def test_a_renewal_keeps_the_term() -> None:
    """Renewing writes over what was read, changes the time alone, and keeps what others have put there."""
    one = candidate()
    kept = lease("a", 7, acquireTime="then", renewTime="then", leaseTransitions=3, strategy="x", leaseDurationSeconds=9)
    one.wrote(kept, began=0.0)
    written = one.claim(2.0, WALL)
    assert written is not None
    assert written["metadata"]["resourceVersion"] == "7"
    assert written["spec"] == kept["spec"] | {"renewTime": "2026-03-01T10:00:02.000005Z", "leaseDurationSeconds": 15}


def test_another_holder_is_given_its_whole_time_from_the_first_sight_on() -> None:
    """What the Lease says of time is not compared with any clock: only how long it has not changed here counts."""
    one = candidate()
    ancient = lease("b", renewTime="1999-01-01T00:00:00.000000Z", leaseDurationSeconds=15, leaseTransitions=4)
    one.saw(ancient, 100.0)
    one.saw(ancient, 114.0)
    assert one.claim(114.9, WALL) is None
    taken = one.claim(115.0, WALL)
    assert taken is not None
    assert (taken["spec"]["holderIdentity"], taken["spec"]["leaseTransitions"]) == ("a", 5)
    assert taken["spec"]["acquireTime"] == taken["spec"]["renewTime"] == "2026-03-01T10:00:02.000005Z"


def test_a_renewal_by_the_other_one_begins_its_time_anew() -> None:
    """Each change of the spec is a sign of life; a change of metadata is none."""
    one = candidate()
    one.saw(lease("b", renewTime="1", leaseDurationSeconds=15), 0.0)
    one.saw(lease("b", version=2, renewTime="1", leaseDurationSeconds=15), 14.0)
    assert one.claim(15.0, WALL) is not None
    one.saw(lease("b", renewTime="2", leaseDurationSeconds=15), 16.0)
    assert one.claim(30.9, WALL) is None


def test_the_holders_own_duration_counts() -> None:
    """A holder of an older configuration may have promised more than we would."""
    one = candidate()
    one.saw(lease("b", leaseDurationSeconds=60), 0.0)
    assert one.claim(59.9, WALL) is None
    assert one.claim(60.0, WALL) is not None


@pytest.mark.parametrize("duration", [None, 0, -1, "15", 1.5])
def test_a_duration_that_makes_no_sense_is_ours(duration: object) -> None:
    """Without a usable duration the configured one is waited for."""
    one = candidate()
    one.saw(lease("b", leaseDurationSeconds=duration), 0.0)
    assert one.claim(14.9, WALL) is None
    assert one.claim(15.0, WALL) is not None


@pytest.mark.parametrize("holder", ["", None])
def test_a_released_lease_is_taken_at_once(holder: str | None) -> None:
    """An empty holder binds nobody; the change of hands is counted."""
    one = candidate()
    one.saw(lease(holder, leaseTransitions=1), 0.0)
    taken = one.claim(0.0, WALL)
    assert taken is not None
    assert taken["spec"]["leaseTransitions"] == 2


@pytest.mark.parametrize("spec", [None, [], "spec"])
def test_a_lease_without_a_spec_is_free(spec: object) -> None:
    """A Lease that somebody made without saying anything in it is taken."""
    one = candidate()
    one.saw({"metadata": {"resourceVersion": "1"}, "spec": spec}, 0.0)
    taken = one.claim(0.0, WALL)
    assert taken is not None
    assert taken["spec"]["leaseTransitions"] == 1


def test_the_sight_of_another_holder_ends_leading() -> None:
    """Whoever reads another name leads no more, whatever its own deadline was."""
    one = candidate()
    one.wrote(lease("a"), began=0.0)
    one.saw(lease("b"), 1.0)
    assert not one.leads(1.0)


def test_an_answer_that_names_another_one_is_no_leadership() -> None:
    """A write whose answer shows somebody else's name has won nothing."""
    one = candidate()
    one.wrote(lease("b"), began=0.0)
    assert not one.leads(0.0)


def test_a_deleted_lease_still_binds() -> None:
    """Whoever held a Lease that somebody deletes leads on until it notices: that time is left to it."""
    one = candidate()
    one.saw(lease("b", leaseDurationSeconds=15), 0.0)
    one.saw(None, 1.0)
    assert one.claim(14.9, WALL) is None
    made = one.claim(15.0, WALL)
    assert made is not None
    assert "resourceVersion" not in made["metadata"]


def test_the_deletion_of_ones_own_lease_ends_leading() -> None:
    """A leader whose Lease is gone stops, and may make another at once: nobody else can have believed in it."""
    one = candidate()
    one.wrote(lease("a"), began=0.0)
    one.saw(None, 1.0)
    assert not one.leads(1.0)
    assert one.claim(1.0, WALL) is not None


def test_surrender_empties_the_holder_and_nothing_else() -> None:
    """Only one's own Lease is given back, and its term stays counted."""
    one = candidate()
    assert one.surrender(WALL) is None
    one.saw(lease("b"), 0.0)
    assert one.surrender(WALL) is None
    one.wrote(lease("a", 5, leaseTransitions=3), began=0.0)
    given = one.surrender(WALL)
    assert given is not None
    assert given["metadata"]["resourceVersion"] == "5"
    assert (given["spec"]["holderIdentity"], given["spec"]["leaseTransitions"]) == ("", 3)


class Server:
    """A Lease with the API's rule: whoever writes over what it has not read is refused."""

    def __init__(self) -> None:
        """Have no Lease."""
        self.document: dict[str, Any] | None = None
        self.version = 0

    def write(self, document: Document) -> dict[str, Any] | None:
        """Write; ``None``: refused."""
        version = document["metadata"].get("resourceVersion")
        if version != (None if self.document is None else self.document["metadata"]["resourceVersion"]):
            return None
        self.version += 1
        self.document = {**document, "metadata": {**document["metadata"], "resourceVersion": str(self.version)}}
        return self.document


class Replica:
    """A replica with a clock of its own, which may be cut off or frozen for a while, and whose answers may be lost."""

    def __init__(self, identity: str, skew: float) -> None:
        """Begin with a monotonic clock that stands at ``skew``."""
        self.candidate = candidate(identity)
        self.skew = skew
        self.away_until = 0.0
        self.next = 0.0
        self.unsent: tuple[Document, float] | None = None

    def leads(self, at: float) -> bool:
        """Tell whether it would start a round at this moment."""
        return self.candidate.leads(at + self.skew)

    def read(self, at: float, server: Server, wall: float) -> None:
        """Look at the Lease, and prepare the write that follows a little later."""
        now = at + self.skew
        self.candidate.saw(server.document, now)
        wanted = self.candidate.claim(now, wall)
        self.unsent = None if wanted is None else (wanted, now)

    def write(self, server: Server, *, arrives: bool, answered: bool) -> None:
        """Write what was prepared; it may get lost, and so may its answer."""
        if self.unsent is None:
            return
        (wanted, began), self.unsent = self.unsent, None
        written = server.write(wanted) if arrives else None
        if arrives and written is None:
            self.candidate.lost()
        elif written is not None and answered:
            self.candidate.wrote(written, began)


@pytest.mark.parametrize("seed", range(5))
def test_two_never_lead_at_once(seed: int) -> None:
    """Through partitions, frozen replicas, lost writes and lost answers, there is one leader at most.

    And there is one for most of the time, through hundreds of changes of hands.
    """
    dice = random.Random(seed)  # noqa: S311 - a game, and no secret
    server = Server()
    replicas = [Replica(name, dice.uniform(0, 1e6)) for name in "abc"]
    led = steps = changes = 0
    leader = None
    at = 0.0
    while changes < 300:
        at += 0.1
        steps += 1
        for replica in replicas:
            if dice.random() < 0.001:
                replica.away_until = at + dice.uniform(0, 60)
            if at >= max(replica.next, replica.away_until):
                replica.next = at + dice.uniform(0.1, 2.0)
                if replica.unsent is None:
                    replica.read(at, server, WALL + at + dice.uniform(-1e6, 1e6))
                else:
                    replica.write(server, arrives=dice.random() > 0.05, answered=dice.random() > 0.1)
        leaders = [replica for replica in replicas if replica.leads(at)]
        assert len(leaders) <= 1
        led += len(leaders)
        if leaders and leaders[0] is not leader:
            leader, changes = leaders[0], changes + 1
    assert led / steps > 0.6
    assert server.document is not None
    assert server.document["spec"]["leaseTransitions"] >= 299
