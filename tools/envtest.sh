#!/usr/bin/env bash
# Prints a directory with etcd, kube-apiserver and kube-controller-manager, for KUBEBUILDER_ASSETS (the variable of
# controller-runtime's envtest). Where that is set already, its directory is taken; else they are built once, into a
# cache outside the checkout, by the recipe that ENVTEST_RECIPE names.
set -euo pipefail

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
    echo "$KUBEBUILDER_ASSETS"
    exit 0
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/mailpath/envtest
recipe=${ENVTEST_RECIPE:-$(dirname "$0")/../../shared/envtest/build-kube-apiserver.sh}
if [ -x "$recipe" ]; then
    mkdir -p "$cache"
    # Two that run at once share one build. The recipe does nothing where the cache is complete and of this recipe.
    exec 9>"$cache.lock"
    flock 9
    [ -e "$cache/stamp" ] || echo "building a Kubernetes API server into $cache: this takes 4 to 8 minutes, once" >&2
    "$recipe" "$cache" >"$cache.log" 2>&1 || { tail -n 20 "$cache.log" >&2; exit 1; }
elif [ ! -x "$cache/kube-apiserver" ]; then
    echo "no Kubernetes API server: set KUBEBUILDER_ASSETS to the directory of one (setup-envtest use -p path)" >&2
    exit 1
fi
echo "$cache"
