#!/bin/sh
# Makes .venv with every locked dependency and the mailpath command. Usage: install-python.sh PYTHON VENV
set -eu
python=$1
venv=$2

if [ -z "$python" ]; then
    echo "mailpath needs Python 3.11 or newer; on Debian and Ubuntu: apt-get install python3 python3-venv" >&2
    exit 1
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian and Ubuntu keep the venv module's wheels in a package of their own.
    package="$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $package, which python -m venv needs"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    else
        echo "python -m venv does not work here; run: sudo apt-get install $package" >&2
        exit 1
    fi
fi

"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
echo "$venv/bin/mailpath is ready"
