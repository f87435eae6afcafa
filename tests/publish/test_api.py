"""``/api/v1/status``: the documented shape, in JSON that anything can read."""

import json
from dataclasses import fields, replace

from monitor.core.status import PathStatus
from monitor.publish.api import document
from tests.publish.statuses import broken_status, path_status, unknown


def test_a_path_has_the_fields_of_its_status() -> None:
    """Nothing that is known of a path is missing, under the names of the status itself."""
    (path,) = json.loads(json.dumps(document([path_status()])))["paths"]
    assert path.keys() == {field.name for field in fields(PathStatus)}
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


def test_what_is_not_known_is_null() -> None:
    """Before the first round a target's state is null, and so is a source that is switched off."""
    path = path_status()
    ignorant = replace(path, handshakes=tuple(map(unknown, path.handshakes)), edges=(), maillog=None)
    (shown,) = json.loads(json.dumps(document([ignorant])))["paths"]
    assert shown["handshakes"][0]["up"] is None
    assert shown["handshakes"][0]["last"] is None
    assert shown["maillog"] is None
