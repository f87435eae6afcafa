"""The alert on unexplained failures: which services make it critical. alerts/tests/unexplained.yml plays it."""

from monitor.publish.alerting.alert import Severity
from monitor.publish.alerting.thresholds import Thresholds
from monitor.publish.alerting.unexplained import unexplained_alerts

FAILING = "max by (path) (mailpath_unexplained_targets) > 0"


def expressions(required: dict[str, tuple[str, ...]]) -> dict[Severity, str]:
    """The expression of each severity."""
    return {alert.severity: alert.expression for alert in unexplained_alerts(Thresholds(required=required))}


def test_paths_that_require_the_same_share_a_selector() -> None:
    """A dot in a service's name is a dot, and no more of the expression than the severity differs."""
    critical, warning = expressions({"": ("smtp", "a.b")}).values()
    assert critical.startswith(f"{FAILING}\nand on (path)")
    assert 'path_service:mailpath_served:max{service=~"smtp|a[.]b"} == 0' in critical
    assert warning == critical.replace("and on (path)", "unless on (path)")


def test_paths_that_require_different_services_are_told_apart() -> None:
    """Each path by its own; one that requires none is in neither selector."""
    for expression in expressions({"home": ("smtp",), "branch": (), "third": ("imaps",)}).values():
        assert '{path="home",service=~"smtp"} == 0' in expression
        assert '{path="third",service=~"imaps"} == 0' in expression
        assert "branch" not in expression


def test_where_nothing_is_required_it_is_never_critical() -> None:
    """Nothing that may be missing is an outage."""
    assert expressions({"": ()}) == {Severity.WARNING: FAILING}
