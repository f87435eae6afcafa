"""The PROXY listeners in user-patches.sh and dovecot.cf, in the forms in which people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.mail_config import dovecot_listeners, master_services

HERE_DOCUMENT = """#!/bin/bash
cat >> /etc/postfix/master.cf <<EOM
# the alternative port 25
2525      inet  n       -       n       -       1       postscreen
  -o syslog_name=postfix/smtpd-proxy25
  -o postscreen_upstream_proxy_protocol=haproxy
4465      inet  n       -       n       -       -       smtpd
  -o smtpd_tls_wrappermode=yes

  -o smtpd_upstream_proxy_protocol=haproxy
5587      inet  n       -       n       -       -       smtpd
  -o smtpd_tls_security_level=encrypt
EOM
postfix reload
"""

INDENTED = """
if ! grep -q 2525 /etc/postfix/master.cf; then
    cat <<-EOM >> /etc/postfix/master.cf
    0.0.0.0:2525 inet n - n - 1 postscreen
        -o postscreen_upstream_proxy_protocol = haproxy
    [::]:4465 inet n - n - - smtpd
        -o smtpd_upstream_proxy_protocol=haproxy
    EOM
fi
"""

POSTCONF = """
postconf -M '2525/inet=2525 inet n - n - 1 postscreen'
postconf -P '2525/inet/postscreen_upstream_proxy_protocol=haproxy'
postconf -Me "5587/inet=5587 inet n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy"
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HERE_DOCUMENT, {2525: True, 4465: True, 5587: False}),
        (INDENTED, {2525: True, 4465: True}),
        (POSTCONF, {2525: True, 5587: True}),
        ("# 2525 inet n - n - 1 postscreen -o postscreen_upstream_proxy_protocol=haproxy\n", {}),
        ("2525 inet n - n - 1 postscreen -o postscreen_upstream_proxy_protocol=\n", {2525: False}),
        ("2525 unix n - n - 1 postscreen\n", {}),
        ("echo postscreen_upstream_proxy_protocol=haproxy\n", {}),
        ("", {}),
    ],
)
def test_services_of_master_cf(text: str, found: dict[int, bool]) -> None:
    """Here-documents, indented ones and postconf are read; comments and other services are not."""
    assert master_services(text) == found


DOVECOT = """
haproxy_trusted_networks = 10.0.20.0/24
service imap-login {
  inet_listener imaps {
    port = 993
    ssl = yes
  }
  inet_listener imaps_proxy {
    port = 10993 # behind HAProxy
    ssl = yes
    haproxy = yes
  }
}
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (DOVECOT, {993: False, 10993: True}),
        (DOVECOT.replace("haproxy = yes", "haproxy = no"), {993: False, 10993: False}),
        (DOVECOT.replace("    haproxy = yes", "    #haproxy = yes"), {993: False, 10993: False}),
        ("inet_listener imaps_proxy {\n  port = none\n}\n", {}),
        ("inet_listener broken {", {}),
    ],
)
def test_listeners_of_dovecot(text: str, found: dict[int, bool]) -> None:
    """A listener expects a header where it says so itself; comments do not count."""
    assert dovecot_listeners(text) == found


@given(st.text(alphabet="2525 inetsmtpd_upstream_proxy_protocol=haproxy{}\n#-/", max_size=300))
def test_any_text_is_survived(text: str) -> None:
    """Whatever the text is, ports and yes or no come out."""
    assert all(isinstance(port, int) for port in (*master_services(text), *dovecot_listeners(text)))
