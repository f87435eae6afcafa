#!/bin/sh
# Makes sure that the real servers of the tests are here: installs what is missing where it may, else says what to run.
# No service is ever started by this: the tests start their own, in network namespaces of their own.
# Usage: install-servers.sh [image | bench | debian]: with `image` also what builds the container image and runs it; with
# `bench` the peers of the benchmarks instead, and what compiles their limits; with `debian` only what makes a root.
set -eu

missing=
need() { # need PACKAGE PROGRAM...
    package=$1
    shift
    for program in "$@"; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null 2>&1 && return 0
    done
    missing="$missing $package"
}

case "${1-}" in
bench)
    need gcc cc
    need libc6-dev cc
    need haproxy haproxy
    need mtail mtail
    need prometheus prometheus
    need prometheus-alertmanager prometheus-alertmanager
    need prometheus-blackbox-exporter prometheus-blackbox-exporter
    need prometheus-postfix-exporter prometheus-postfix-exporter
    ;;
debian)
    need debootstrap debootstrap
    ;;
*)
    need haproxy haproxy
    need postfix postfix
    need dovecot-imapd dovecot
    need openssh-server sshd
    need socat socat
    need nftables nft
    need iproute2 ip
    need procps pkill
    need prometheus promtool
    need prometheus-alertmanager amtool
    need chromium chromium
    need shellcheck shellcheck
    need busybox busybox
    ;;
esac
if [ "${1-}" = image ]; then
    need buildah buildah
    need podman podman
    need runc runc
    need debootstrap debootstrap
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "real servers are started here, and these packages are missing; run:" >&2
    echo "    sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "installing:$missing"
if [ ! -e /usr/sbin/policy-rc.d ]; then
    # Forbid the packages' own services for the time of the installation: the machine is a guest-house, not ours.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
