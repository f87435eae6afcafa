"""``/api/v1/status``: the documented shape, in JSON that anything can read."""

import json
from dataclasses import fields, replace

from monitor.core.runbook import Remedy
from monitor.core.status import Diagnosis, Finding, PathStatus
from monitor.core.verdicts import Hop
from monitor.publish.api import document
from tests.publish.statuses import broken_status, path_status, unknown
from tests.views import showing


def test_a_path_has_the_fields_of_its_status() -> None:
    """Nothing that is known of a path is missing, under the names of the status itself."""
    (path,) = json.loads(json.dumps(document([path_status()])))["paths"]
    views = {"checks", "handshakes", "others"}  # front doors stand with their edges
    assert path.keys() == {field.name for field in fields(PathStatus)} - {"targets"} | views
    assert path["services"][0]["node_port"] == 30125
    assert path["edges"][0]["servers"][0]["state"] == "RUNNING"
    assert path["diagnosis"]["hop"] == "none"


def test_a_target_tells_its_last_round() -> None:
    """Phases, failure, TLS and greeting are told; bytes and transcripts are not."""
    (path,) = json.loads(json.dumps(document([broken_status("refused")])))["paths"]
    broken, fine = path["handshakes"]
    assert broken["last"]["failure"] == {"phase": "greeting", "reason": "malformed", "detail": "refused"}
    assert (broken["verdict"], broken["agreement"], broken["up"]) == ("listener_down", "lb_up_path_down", False)
    assert fine["last"]["greeting"] == "220 mail.example.org ESMTP"
    assert fine["last"]["phases"] == {"connect": 0.002, "greeting": 6.01}
    assert "transcript" not in json.dumps(path)


def test_a_remedy_is_told_in_words_and_as_a_command() -> None:
    """``remedy`` is what it always was, one text; beside it stands which of the two it is."""
    command, words = Remedy("Go there.", "date -u"), Remedy("Go there.")
    told: dict[Remedy | None, dict[str, str | None]] = {
        command: {"remedy": "date -u", "words": "Go there.", "command": "date -u"},
        words: {"remedy": "Go there.", "words": "Go there.", "command": None},
        None: {"remedy": "", "words": None, "command": None},
    }
    for remedy, shown in told.items():
        diagnosis = Diagnosis(Hop.NODE, "It is silent.", remedy=remedy)
        finding = Finding("warning", "k8s-node1", "node_not_ready", "It is NotReady.", remedy)
        (path,) = document([replace(path_status(), diagnosis=diagnosis, findings=(finding,))])["paths"]
        for each in (path["diagnosis"], path["findings"][0]):
            assert {key: each[key] for key in shown} == shown


def test_what_is_not_known_is_null() -> None:
    """Before the first round a target's state is null, and so is a source that is switched off."""
    path = path_status()
    ignorant = showing(path, handshakes=tuple(map(unknown, path.handshakes)), edges=(), front_doors=(), maillog=None)
    (shown,) = json.loads(json.dumps(document([ignorant])))["paths"]
    assert shown["handshakes"][0]["up"] is None
    assert shown["handshakes"][0]["last"] is None
    assert shown["maillog"] is None
