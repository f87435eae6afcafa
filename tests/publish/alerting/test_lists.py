"""Lists in an alert's text: templates over the alert's own path."""

import pytest

from monitor.publish.alerting import lists

LISTS = {name: value for name, value in vars(lists).items() if name.isupper() and "{{" in value}


def test_there_are_lists_of_every_layer() -> None:
    """Users, targets, edges and the mail log each have theirs."""
    assert {"USERS", "TARGETS", "DOORS", "NODES", "SSH", "HAPROXY", "LOG", "FINDINGS"} <= LISTS.keys()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_about_the_alerts_own_path_and_may_be_empty(name: str) -> None:
    """An empty list leaves no heading behind, and another path's targets are not in it."""
    text = LISTS[name]
    assert "$labels.path" in text
    assert text.count("{{") == text.count("}}")
    assert text.startswith("{{ with ")
    assert text.endswith("{{ end }}")
