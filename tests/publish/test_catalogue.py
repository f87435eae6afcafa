"""The catalogue keeps to the conventions of Prometheus."""

import re

import pytest

from monitor.publish import catalogue
from monitor.publish.families import Family, HistogramFamily, Kind

FAMILIES = {name: family for name, family in vars(catalogue).items() if isinstance(family, Family)}


def test_no_name_is_given_twice() -> None:
    """Each family has a name of its own."""
    names = [family.name for family in FAMILIES.values()]
    assert len(names) == len(set(names)) > 30


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_family_keeps_the_conventions(family: Family) -> None:
    """Names are snake case, help is a sentence, only counters end in _total, and no client is ever a label."""
    assert re.fullmatch(r"[a-z][a-z_]+[a-z]", family.name)
    assert family.help[0].isupper()
    assert family.help.endswith(".")
    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
    assert not {"client", "client_ip", "address", "ip", "user"} & set(family.labels)
    assert len(family.labels) == len(set(family.labels))


def test_the_greet_wait_is_an_edge_of_the_probes_histogram() -> None:
    """Buckets end at 6 and at 15 seconds, so that postscreen's wait can be told from slowness."""
    assert {6.0, 15.0} <= set(catalogue.PROBE_DURATION.bounds)


def test_histograms_have_rising_bounds() -> None:
    """Bucket edges rise."""
    histograms = [family for family in FAMILIES.values() if isinstance(family, HistogramFamily)]
    assert [list(each.bounds) for each in histograms] == [sorted(set(each.bounds)) for each in histograms]
