#!/usr/bin/env bash
# Runs a command in this checkout on a bare Debian of another suite, with that suite's Python. Usage:
#     tools/in-debian.sh SUITE COMMAND...
# The root is made once, by debootstrap from the mirror that this host uses, into a cache outside the checkout; so is the
# virtual environment, until what it is made from changes. Whatever the command writes is gone afterwards. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=$1
shift
packages=ca-certificates,git,make,python3,python3-venv
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mailpath/debian/$suite
mkdir -p "$cache/venv"
exec 9>"$cache/lock" # one at a time: they share the virtual environment
flock 9

if [ "$(cat "$cache/made-of" 2>/dev/null)" != "$packages" ]; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    if [ -z "$mirror" ]; then
        echo "no Debian mirror is known here; run: apt-get update" >&2
        exit 1
    fi
    echo "making a root of Debian $suite with debootstrap: one or two minutes, once" >&2
    rm -rf "$cache/root" "$cache/venv" "$cache/made-of"
    mkdir -p "$cache/root" "$cache/venv"
    # In memory: dpkg waits for the disk at every file.
    unshare --mount sh -euc '
        scratch=$(mktemp -d)
        mount -t tmpfs -o mode=755 root "$scratch"
        debootstrap --variant=minbase --include="$1" "$2" "$scratch" "$3"
        tar -C "$scratch" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists --exclude=./dev -c . | tar -C "$4" -x
    ' - "$packages" "$suite" "$mirror" "$cache/root" >"$cache/debootstrap.log" 2>&1 9>&- || {
        tail -n 20 "$cache/debootstrap.log" >&2
        exit 1
    }
    echo "$packages" >"$cache/made-of"
fi

# make goes by a file's age, and every file of a fresh clone is young.
of=$(cat requirements-dev.txt pyproject.toml tools/install-python.sh | sha256sum)
if [ "$(cat "$cache/venv/.made-of" 2>/dev/null)" = "$of" ]; then
    touch "$cache/venv/.installed"
else
    rm -f "$cache/venv/.installed"
fi

# How this host's pip finds packages is its own affair: its settings, and every file that they name, are lent.
lent() {
    echo /etc/resolv.conf
    echo /etc/ssl/certs/ca-certificates.crt
    .venv/bin/python -m pip config debug | sed -n 's/^ *\(\/.*\), exists: True$/\1/p'
    .venv/bin/python -m pip config list | sed "s/^[^=]*=//; s/'//g" | tr ' ' '\n' | while read -r word; do
        case $word in
        file:///*) dirname "${word#file://}" ;; # the packages lie beside their index
        /*) echo "$word" ;;
        esac
    done
}
mapfile -t lend < <(lent | sort -u)

settings=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)
while IFS='=' read -r name value; do
    case $name in
    PIP_* | TEST_ARGS | [hH][tT][tT][pP]_[pP]* | [hH][tT][tT][pP][sS]_[pP]* | [nN][oO]_[pP][rR]*) settings+=("$name=$value") ;;
    esac
done < <(env)

status=0
unshare --mount --pid --fork --kill-child bash -euc '
    cache=$1 checkout=$2 count=$3
    shift 3
    scratch=$(mktemp -d)
    mount -t tmpfs -o mode=755 scratch "$scratch"
    mkdir "$scratch"/{root,upper,work,tree,tree-work}
    mount -t overlay -o "lowerdir=$cache/root,upperdir=$scratch/upper,workdir=$scratch/work" root "$scratch/root"
    cd "$scratch/root"
    mkdir -p mailpath dev
    mount -t proc proc proc
    mount --rbind /dev dev
    mount -t tmpfs -o mode=1777 tmp tmp
    mount -t overlay -o "lowerdir=$checkout,upperdir=$scratch/tree,workdir=$scratch/tree-work" tree mailpath
    mkdir -p mailpath/.venv
    mount --bind "$cache/venv" mailpath/.venv
    while [ "$count" -gt 0 ]; do
        if [ -d "$1" ]; then mkdir -p ".$1"; else mkdir -p ".$(dirname "$1")"; [ -e ".$1" ] || : >".$1"; fi
        [ ! -e "$1" ] || mount --rbind "$1" ".$1"
        count=$((count - 1))
        shift
    done
    # The root of this mount namespace, not a chroot: whoever enters the namespace is in it too.
    mkdir -p before
    pivot_root . before
    exec chroot . sh -euc '"'"'umount -l /before; exec env -i -C /mailpath "$@"'"'"' - "$@"
' - "$cache" "$PWD" "${#lend[@]}" "${lend[@]}" "${settings[@]}" "$@" 9>&- || status=$?
[ ! -e "$cache/venv/.installed" ] || echo "$of" >"$cache/venv/.made-of"
exit $status
