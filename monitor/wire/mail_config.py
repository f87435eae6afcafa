"""The PROXY listeners as the mail server's configuration files declare them.

``user-patches.sh`` of docker-mailserver adds services to Postfix's ``master.cf``: as lines in master.cf's own form
(master(5)) in a here-document, or by ``postconf -M`` and ``postconf -P``. ``dovecot.cf`` has an ``inet_listener`` with
``haproxy = yes``. Both are read as text, not run: what is there in so many words is found.
"""

import re
from collections.abc import Iterator, Mapping

# postscreen_upstream_proxy_protocol and smtpd_upstream_proxy_protocol are the two parameters, "haproxy" their one value
_PROXY = re.compile(r"(?:postscreen|smtpd)_upstream_proxy_protocol\s*=\s*haproxy\b")
# a line of master.cf, with or without an address: 0.0.0.0:2525, [::]:2525
_MASTER = re.compile(r"(?:[\w.*]+:|\[[0-9a-fA-F:]*\]:)?(\d{1,5})\s+inet(?:\s|$)")
# what postconf -M and -P name a service
_POSTCONF = re.compile(r"(?:[\w.*]+:)?(\d{1,5})/inet(?=[/=])")
_COMMENT = re.compile(r"\s*#")
_INET_LISTENER = re.compile(r"inet_listener\s+[\w-]*\s*\{([^{}]*)\}")
_SETTING = re.compile(r"^\s*(\w+)\s*=\s*(\S+)\s*$", re.MULTILINE)


def declared_listeners(key: str, text: str) -> Mapping[int, bool]:
    """Return the listeners of a ConfigMap's key, by what its name says it is: a script, or Dovecot's configuration."""
    return master_services(text) if is_script(key) else dovecot_listeners(text)


def is_script(key: str) -> bool:
    """Whether a key is a script that patches Postfix."""
    return key.endswith(".sh")


def master_services(text: str) -> Mapping[int, bool]:
    """Return the ports of the inet services that a script adds to ``master.cf``, and whether each expects a header."""
    found: dict[int, bool] = {}
    for port, entry in _entries(text):
        found[port] = found.get(port, False) or _PROXY.search(entry) is not None
    return found


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Return each entry with its continuation: in master.cf the lines that begin with a blank (master(5))."""
    port, entry, indent = 0, "", 0
    for line in text.splitlines():
        if _COMMENT.match(line) or not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        bare = line.strip()
        begins = _MASTER.match(bare) or _POSTCONF.search(bare) or None
        # In a script everything may be indented: a continuation is deeper than its entry.
        if begins is None and entry and depth > indent:
            entry += "\n" + line
            continue
        if entry:
            yield port, entry
        port, entry, indent = (int(begins[1]), line, depth) if begins is not None else (0, "", 0)
    if entry:
        yield port, entry


def dovecot_listeners(text: str) -> Mapping[int, bool]:
    """Return the ports of the inet listeners of a Dovecot configuration, and whether each expects a header."""
    bare = "\n".join(line.partition("#")[0] for line in text.splitlines())
    found: dict[int, bool] = {}
    for block in _INET_LISTENER.finditer(bare):
        settings = dict(_SETTING.findall(block[1]))
        if settings.get("port", "").isascii() and settings.get("port", "").isdigit():
            found[int(settings["port"])] = settings.get("haproxy") == "yes"
    return found
