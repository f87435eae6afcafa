#!/bin/sh
# Makes sure that the peers are here: installs what is missing where it may, else says what to run. Starts no service.
set -eu

missing=
need() { # need PACKAGE PROGRAM
    PATH="$PATH:/usr/sbin:/sbin" command -v "$2" >/dev/null 2>&1 || missing="$missing $1"
}

need gcc cc
need libc6-dev cc
need haproxy haproxy
need mtail mtail
need prometheus prometheus
need prometheus-alertmanager prometheus-alertmanager
need prometheus-blackbox-exporter prometheus-blackbox-exporter
need prometheus-postfix-exporter prometheus-postfix-exporter
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "the benchmarks measure beside these packages, which are missing; run:" >&2
    echo "    sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "installing for the benchmarks:$missing"
if [ ! -e /usr/sbin/policy-rc.d ]; then
    # Forbid the packages' own services for the time of the installation: what is measured is started by hand.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
