#!/bin/sh
# Prints the path of a promtool of a newer Debian suite than this host's: tests/alerts tries the rules with both. It is
# unpacked into a cache, and nothing is installed.
set -eu

suite=${1:-sid}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mailpath/promtool-$suite
if [ ! -x "$cache/usr/bin/promtool" ]; then
    apt=$cache/apt
    # The mirror that this host uses already.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    if [ -z "$mirror" ]; then
        echo "no Debian mirror is known here; run: apt-get update" >&2
        exit 1
    fi
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/parts"
    cat >"$apt/sources.list" <<EOF
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main
EOF
    cat >"$apt/apt.conf" <<EOF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/parts";
Dir::State::Lists "$apt/lists";
Dir::State::Status "/dev/null";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
APT::Sandbox::User "";
EOF
    APT_CONFIG=$apt/apt.conf apt-get update -qq >&2
    (cd "$apt" && APT_CONFIG=$apt/apt.conf apt-get download -qq promtool >&2)
    dpkg-deb -x "$apt"/promtool_*.deb "$cache"
    rm -rf "$apt"
fi
echo "$cache/usr/bin/promtool"
