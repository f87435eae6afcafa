#!/usr/bin/env bash
# Builds the image with buildah and prints its name. BASE names the image to build on; where it is not set, a local
# stand-in is made (tools/base-image.sh). How this host's pip finds packages is its own affair: it is lent to the
# build's pip by a mount, and never becomes part of the image.
set -euo pipefail
cd "$(dirname "$0")/.."

base=${BASE:-$(tools/base-image.sh)}
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' monitor/__init__.py)
revision=$(git rev-parse HEAD 2>/dev/null || true)
name=localhost/mailpath:$version
export STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}

lent=$(mktemp -d)
trap 'rm -rf "$lent"' EXIT
settings=$(.venv/bin/python -m pip config list)
setting() { sed -nE "s/^(:env:|global)\.$1='(.*)'\$/\2/p" <<<"$settings" | head -n 1; }
authority=$(setting cert)
{
    echo '[global]'
    echo 'disable-pip-version-check = true'
    echo 'timeout = 180'
    [ -z "$(setting index-url)" ] || echo "index-url = $(setting index-url)"
    [ -z "$authority" ] || echo 'cert = /etc/pip-authority.pem'
} >"$lent/pip.conf"
cp "${authority:-/dev/null}" "$lent/authority.pem"

log=${XDG_CACHE_HOME:-$HOME/.cache}/mailpath/image/build.log
buildah bud --isolation chroot --pull=never --format docker --layers \
    --volume "$lent/pip.conf:/etc/pip.conf:ro" --volume "$lent/authority.pem:/etc/pip-authority.pem:ro" \
    --build-arg "BASE=$base" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --tag "$name" . >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
echo "$name"
