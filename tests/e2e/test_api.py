"""Schemathesis asks a running demo whatever its OpenAPI description allows, and much that it does not."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.demo import Demo, Series, demo_running
from tests.patience import stretched

# Checks of schemathesis that say something about an interface whose input is names and free text. Missing: that all
# valid data is taken (a name that nobody watches is valid data, and 404), and those of authentication, which is off.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)
EXAMPLES = "10"
PATIENCE = 90.0
# 503 is the answer of a health endpoint that has something to tell, and on a busy machine it has.
# The stream of events would not end.
CONFIGURATION = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]

[[operations]]
include-path = "/api/v1/events"
headers = { Accept = "application/json" }
"""


def test_no_request_breaks_the_daemon(tmp_path: Path) -> None:
    """No 500, no answer that is not described, and at its end the daemon watches on as before."""
    schemathesis = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert schemathesis is not None
    with demo_running(tmp_path) as demo:
        demo.until(_sound, PATIENCE)
        description = json.loads(demo.get("/api/v1/openapi.json")[1])
        _name_targets(description, json.loads(demo.get("/api/v1/status")[1])["paths"][0])
        file = tmp_path / "openapi.json"
        file.write_text(json.dumps(description))
        configuration = tmp_path / "schemathesis.toml"
        configuration.write_text(CONFIGURATION)
        ended = subprocess.run(
            [
                *(
                    schemathesis,
                    "--config-file",
                    str(configuration),
                    "run",
                    str(file),
                    "--url",
                    demo.base,
                    "--checks",
                    ",".join(CHECKS),
                ),
                *("--max-examples", EXAMPLES, "--seed", "1", "--request-timeout", "10", "--no-color"),
            ],
            capture_output=True,
            text=True,
            timeout=stretched(120),
            check=False,
            cwd=tmp_path,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        demo.until(_watching, PATIENCE)
        assert demo.metrics().get("mailpath_probe_bugs_total") is None


def _sound(_demo: Demo, series: Series) -> bool:
    return any(each.startswith("mailpath_diagnosis{") and 'hop="none"' in each for each in series)


def _watching(demo: Demo, series: Series) -> bool:
    # A roundtrip that was said to have failed is believed; nothing else is broken.
    hops = [each for each in series if each.startswith("mailpath_diagnosis{")]
    found = len(hops) == 1 and ('hop="none"' in hops[0] or 'hop="roundtrip"' in hops[0])
    return found and demo.get("/livez")[0] == 200


def _name_targets(description: dict[str, object], path: dict[str, object]) -> None:
    """Let requests name what is watched, else none would come far."""
    operations = description["paths"]
    assert isinstance(operations, dict)
    handshakes = path["handshakes"]
    assert isinstance(handshakes, list)
    known = {
        "path": [path["name"], "elsewhere"],
        "node": sorted({each["node"] for each in handshakes}),
        "service": sorted({each["service"] for each in handshakes}),
    }
    for methods in operations.values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] |= {"examples": known.get(parameter["name"], [])}
                if parameter["name"] in known and parameter["required"]:
                    parameter["schema"]["enum"] = known[parameter["name"]]
