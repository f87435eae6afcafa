"""``/api/v1/openapi.json``: the HTTP interface, described as OpenAPI 3.1 in the file of that name beside this one.

Tests hold it to the routes that there are, to the limits that are kept, and to what a running daemon answers.
"""

import json
from importlib.resources import files
from typing import Any

from monitor import __version__


def document(server: str = "/") -> dict[str, Any]:
    """Give the whole description; ``server`` is the URL that people reach, by default that which was asked."""
    description: dict[str, Any] = json.loads(files("monitor.publish").joinpath("openapi.json").read_bytes())
    description["servers"] = [{"url": server}]
    description["info"]["version"] = __version__
    return description
