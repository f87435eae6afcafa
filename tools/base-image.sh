#!/usr/bin/env bash
# Prints the name of a local image that stands in for the Dockerfile's BASE where no image registry can be reached:
# Debian with its Python, by debootstrap, from the mirror that this host uses. Made once, into a cache outside the
# checkout; needs root. It is for tests: a release is built on the BASE that the Dockerfile names, or a digest of it.
set -euo pipefail

suite=bookworm
name=localhost/mailpath-base:$suite
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mailpath/image
tarball=$cache/base-$suite.tar
export STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}

mkdir -p "$cache"
exec 9>"$cache/lock" # two that run at once share one
flock 9
if [ ! -e "$tarball" ]; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    if [ -z "$mirror" ]; then
        echo "no Debian mirror is known here; run: apt-get update" >&2
        exit 1
    fi
    root=$(mktemp -d)
    trap 'rmdir "$root"' EXIT
    echo "making a base image with debootstrap: about a minute, once" >&2
    # In memory, in a mount namespace of its own: dpkg waits for the disk at every file, and nothing is left behind.
    unshare --mount sh -euc '
        mount -t tmpfs -o mode=755 base "$1"
        debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv "$2" "$1" "$3"
        tar -C "$1" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists --exclude=./dev -cf "$4" .
    ' - "$root" "$suite" "$mirror" "$tarball.new" >"$cache/debootstrap.log" 2>&1 || {
        tail -n 20 "$cache/debootstrap.log" >&2
        exit 1
    }
    mv "$tarball.new" "$tarball"
fi
buildah inspect --type image "$name" >/dev/null 2>&1 || podman import -q "$tarball" "$name" >&2
echo "$name"
