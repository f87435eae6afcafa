"""Words and colours: every state has its own, whatever is added."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from dashboards.state_sets import AGREEMENTS, HOPS, NODE_VERDICTS, SERVERS, VERDICTS
from dashboards.states import AGREEMENT_WORDS, HOP_WORDS, SERVER_WORDS, VERDICT_WORDS, State
from monitor.core.haproxy import ServerState
from monitor.core.verdicts import Agreement, Hop, Verdict
from tests.alerts.promtools import promtool
from tests.dashboards.boards import EVERYTHING, filled


@pytest.mark.parametrize(
    ("words", "numbers", "states"),
    [
        (VERDICT_WORDS, VERDICTS, list(Verdict)),
        (AGREEMENT_WORDS, AGREEMENTS, list(Agreement)),
        (HOP_WORDS, HOPS, list(Hop)),
        (SERVER_WORDS, SERVERS, list(ServerState)),
    ],
)
def test_every_state_has_a_number_and_words(
    words: Mapping[str, State], numbers: tuple[str, ...], states: list[str]
) -> None:
    """Whoever adds a state gives it both."""
    assert words.keys() == set(numbers) == set(states)
    assert len(numbers) == len(states)


def test_the_worse_number_is_the_greater_one() -> None:
    """So that max over replicas, nodes or doors is the worst; what is not known is less than anything known."""
    assert VERDICTS[:3] == ("unknown", "ok", "slow")
    assert VERDICTS[-1] == "node_unreachable"
    assert AGREEMENTS == ("unknown", "agree", "lb_admin", "lb_down_path_up", "lb_up_path_down")
    assert (HOPS[0], HOPS[-1]) == ("none", "monitor")


OK, CLOSED, THROTTLED = (VERDICTS.index(name) for name in ("ok", "port_closed", "throttled"))


@pytest.mark.servers
@pytest.mark.parametrize(
    ("replicas", "numbers"),
    [
        ({"a": {"ok": "1x9 0x9", "port_closed": "0x9 1x9"}}, (OK, CLOSED)),
        ({"a": {"ok": "1x19"}, "b": {"unknown": "1x9 0x9", "throttled": "0x9 1x9"}}, (OK, THROTTLED)),
    ],
    ids=["it follows the active state", "of two replicas the worst that one of them knows"],
)
def test_the_number_is_that_of_the_active_state(
    replicas: Mapping[str, Mapping[str, str]], numbers: tuple[int, int], tmp_path: Path
) -> None:
    """One series a target, at any time; it is gone with its target."""
    target = {"path": "home", "node": "n1", "service": "smtp"}
    series = [
        {"series": _series("mailpath_verdict", target | {"verdict": verdict, "instance": replica}), "values": values}
        for replica, states in replicas.items()
        for verdict, values in states.items()
    ]
    expr = filled(NODE_VERDICTS, **EVERYTHING)
    answers: list[dict[str, object]] = [
        {"expr": expr, "eval_time": at, "exp_samples": [{"labels": _series("", target), "value": number}]}
        for at, number in zip(("5m", "15m"), numbers, strict=True)
    ]
    story = {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [*answers, {"expr": expr, "eval_time": "30m"}],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"tests": [story]}))
    promtool("packaged", "test", "rules", file)


def _series(name: str, labels: Mapping[str, str]) -> str:
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}"
