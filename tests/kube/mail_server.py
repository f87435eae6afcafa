"""The runbook's mail server as objects of the cluster."""

from tests.clock import utc_now
from tests.kube.client import Admin
from tests.kube.objects import config_map, cronjob, deployment, endpoint_slice, internal_service, pod, proxy_service

USER_PATCHES = """#!/bin/bash
set -euo pipefail
cat >> /etc/postfix/master.cf <<'EOF'
2525      inet  n       -       n       -       1       postscreen
  -o syslog_name=postfix/smtpd-proxy25
  -o postscreen_upstream_proxy_protocol=haproxy
4465      inet  n       -       n       -       -       smtpd
  -o syslog_name=postfix/smtpd-proxy465
  -o smtpd_tls_wrappermode=yes
  -o smtpd_upstream_proxy_protocol=haproxy
5587      inet  n       -       n       -       -       smtpd
  -o smtpd_upstream_proxy_protocol=haproxy
EOF
"""


def install(admin: Admin) -> None:
    """Make everything that the runbook names."""
    admin.create(deployment())
    admin.create(pod())
    admin.create(proxy_service())
    admin.create(internal_service())
    admin.create(endpoint_slice())
    admin.create(config_map("mailserver-user-patches", {"user-patches.sh": USER_PATCHES}))
    admin.create(cronjob(lastScheduleTime=f"{utc_now():%Y-%m-%dT%H:%M:%SZ}"))
