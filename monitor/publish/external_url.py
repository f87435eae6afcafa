"""``--web.external-url``: the URL under which people reach the status page, through a reverse proxy for instance.

As with Prometheus and its exporters the path of the URL is the prefix under which everything is served. The same stays
served without it: for proxies that strip the prefix, for scrapes, and for the kubelet's probes.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.core.errors import ConfigError, Fault

FLAG = "--web.external-url"
# Nothing in it needs quoting in a URL, a route, a header or a template of an alert.
_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")


@dataclass(frozen=True, slots=True)
class ExternalUrl:
    """The URL without a slash at its end; made by ``parse_external_url`` alone."""

    text: str

    def __str__(self) -> str:
        """The status page's own address."""
        return f"{self.text}/"

    @property
    def prefix(self) -> str:
        """The path without a slash at its end: what stands before each route, or ``""``."""
        return urlsplit(self.text).path

    def of_path(self, path: str) -> str:
        """The part of the status page about one mail path, whose name needs no quoting."""
        return f"{self.text}/#path-{path}"


def parse_external_url(text: str) -> ExternalUrl:
    """Read ``https://mail.example.org`` or ``http://10.0.0.1:8080/mailpath/``.

    Raises:
        ConfigError: It is another thing: relative, with a user, a query or a fragment, or with a peculiar path.
    """
    if not _URL.fullmatch(text) or {".", ".."} & set(text.split("/")):
        expected = "expected an http or https URL, perhaps with a path, such as https://example.org/mailpath"
        raise ConfigError(Fault(f"{FLAG}={text}", expected))
    return ExternalUrl(text.rstrip("/"))
