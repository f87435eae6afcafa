"""Families and rows become what prometheus_client writes."""

import pytest
from prometheus_client.exposition import generate_latest

from monitor.publish.families import Family, HistogramFamily, Kind, StateSet


class Only:
    """A collector of what it is given."""

    def __init__(self, *metrics: object) -> None:
        """Hold them."""
        self.metrics = metrics

    def collect(self) -> tuple[object, ...]:
        """Give them."""
        return self.metrics


def test_a_counter_is_written_under_its_full_name() -> None:
    """The name of a counter in the catalogue is the name that a query uses."""
    family = Family(Kind.COUNTER, "lines_total", "Lines.", ("path",))
    text = generate_latest(Only(family.metric({("home",): 3.0}))).decode()  # type: ignore[arg-type]
    assert text.splitlines() == [
        "# HELP mailpath_lines_total Lines.",
        "# TYPE mailpath_lines_total counter",
        'mailpath_lines_total{path="home"} 3.0',
    ]


def test_a_histogram_cumulates_its_buckets() -> None:
    """Buckets hold their own count only; what is written is cumulative, and +Inf is the count."""
    family = HistogramFamily(Kind.HISTOGRAM, "wait_seconds", "Waiting.", bounds=(1.0, 6.0))
    samples = {
        sample.labels.get("le", sample.name): sample.value for sample in family.histogram({(): (1, 2, 3, 40)}).samples
    }
    assert samples == {
        "1.0": 1,
        "6.0": 3,
        "+Inf": 6,
        "mailpath_wait_seconds_count": 6,
        "mailpath_wait_seconds_sum": 40,
    }


@pytest.mark.parametrize(("name", "kind"), [("lines", Kind.COUNTER), ("build", Kind.INFO)])
def test_a_name_without_its_suffix_is_refused(name: str, kind: Kind) -> None:
    """A counter that does not end in _total cannot be declared."""
    with pytest.raises(ValueError, match="ends in"):
        Family(kind, name, "Wrong.")


def test_a_state_set_has_every_state_and_one_of_them() -> None:
    """One row for each possible state, and the current one is 1."""
    rows = StateSet(("good", "bad"), {("home",): "bad"}).rows()
    assert rows == {("home", "good"): 0.0, ("home", "bad"): 1.0}


def test_a_surrogate_in_a_label_does_not_cost_the_scrape() -> None:
    """Undecodable bytes of a peer's name are replaced."""
    family = Family(Kind.GAUGE, "up", "Up.", ("server",))
    assert b'server="a?b"' in generate_latest(Only(family.metric({("a\udc80b",): 1.0})))  # type: ignore[arg-type]
