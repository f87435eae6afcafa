#!/usr/bin/env bash
# Prints a directory with the mail path's servers of another Debian release, and the libraries under them, for the
# laboratory (MAILPATH_SERVERS): unpacked into a cache outside the checkout, nothing installed. Usage:
#     tools/servers-root.sh debian12 | debian13 | sid
# Its packages come from the mirror that this host uses, signed by Debian's keys. They are fetched again after a month
# (sid: after a day), because point releases change servers; without a network the old ones go on.
set -euo pipefail

case ${1-} in
debian12) suite=bookworm days=30 ;;
debian13) suite=trixie days=30 ;;
sid) suite=sid days=1 ;;
*)
    echo "usage: $0 debian12 | debian13 | sid" >&2
    exit 2
    ;;
esac
packages=(haproxy postfix postfix-lmdb dovecot-imapd openssh-server openssl socat iproute2 nftables
    base-files base-passwd bash dash coreutils mount util-linux sed hostname libc-bin findutils grep mawk procps)
recipe=$(sha256sum <"$0")
root=${XDG_CACHE_HOME:-$HOME/.cache}/mailpath/servers/$1
mkdir -p "$(dirname "$root")"
exec 9>"$root.lock" # two that run at once share one
flock 9
# The stamp's age is that of the packages, its content the recipe they were unpacked by.
if [ "$(cat "$root/recipe" 2>/dev/null)" = "$recipe" ] && [ -z "$(find "$root/recipe" -mtime "+$((days - 1))")" ]; then
    echo "$root"
    exit 0
fi

make_root() { # make_root DIR: fetch and unpack into a new directory
    local new=$1 apt=$1/apt mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    [ -n "$mirror" ] || { echo "no Debian mirror is known here; run: apt-get update"; return 1; }
    mkdir -p "$apt"/{lists,archives}/partial "$apt/parts"
    : >"$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources.list"
    cat >"$apt/apt.conf" <<EOC
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "$apt/parts";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
APT::Sandbox::User "";
Acquire::Languages "none";
EOC
    export APT_CONFIG=$apt/apt.conf
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends --download-only -o Debug::NoLocking=1 "${packages[@]}"

    mkdir -p "$new"/usr/{bin,sbin,lib,lib64} "$new/etc"
    for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$new/$directory"; done
    local deb
    for deb in "$apt"/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$new" --no-same-owner --keep-directory-symlink --overwrite \
            --exclude=./usr/share/{doc,man,locale,info} --exclude=./{dev,proc,run,sys,tmp,var}
    done
    # What the packages' scripts would do, as far as the servers need it.
    ln -sf mawk "$new/usr/bin/awk"
    [ -e "$new/usr/bin/sh" ] || ln -s dash "$new/usr/bin/sh"
    cp "$new/usr/share/libc-bin/nsswitch.conf" "$new/etc/nsswitch.conf"
    {
        cat "$new/usr/share/base-passwd/passwd.master"
        echo 'postfix:*:101:101::/var/spool/postfix:/usr/sbin/nologin'
        echo 'dovecot:*:102:102::/usr/lib/dovecot:/usr/sbin/nologin'
        echo 'dovenull:*:103:103::/nonexistent:/usr/sbin/nologin'
        echo 'haproxy:*:104:104::/var/lib/haproxy:/usr/sbin/nologin'
        echo 'sshd:*:105:65534::/run/sshd:/usr/sbin/nologin'
    } >"$new/etc/passwd"
    {
        cat "$new/usr/share/base-passwd/group.master"
        printf '%s\n' 'postfix:*:101:' 'dovecot:*:102:' 'dovenull:*:103:' 'haproxy:*:104:' 'postdrop:*:106:'
    } >"$new/etc/group"
    rm -rf "$apt"
}

echo "unpacking the servers of $1: half a minute" >&2
rm -rf "$root.new"
mkdir "$root.new"
# In the background, because in a condition bash would go on after an error.
make_root "$root.new" >"$root.log" 2>&1 &
if wait $!; then
    rm -rf "$root"
    echo "$recipe" >"$root.new/recipe"
    mv "$root.new" "$root"
elif [ ! -e "$root/recipe" ]; then
    tail -n 20 "$root.log" >&2
    exit 1
else
    echo "cannot fetch newer ones ($root.log); those of $(date -r "$root/recipe" +%F) go on" >&2
fi
echo "$root"
