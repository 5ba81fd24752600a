#!/bin/sh
# The tools that the manifests are tested with, made once and kept under node_modules/.cache; prints NAME=path for each.
# kustomize: that of kubectl, if it is a version 5; else the one of $KUSTOMIZE; else built by Go.
# kubernetes-validate: from PyPI, with the schemas of Kubernetes 1.25 to 1.37 in it.
set -eu
kustomize_version=v5.0.3 # the newest that Debian 12's Go (1.19) builds
validate_version=1.37.0

cd "$(dirname "$0")/../.."
cache=$PWD/node_modules/.cache/k8s-tools
mkdir -p "$cache"
# One after the other: test files run at the same time.
exec 9>"$cache/lock"
flock 9

missing() {
  echo "test/k8s/tools.sh: $1" >&2
  exit 1
}

# Debian packages, where there is apt and the right to use it.
install() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
  {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" ||
      { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; }
  } >"$cache/apt.log" 2>&1 9>&-
}

kubectl_has_kustomize_5() {
  command -v kubectl >/dev/null && kubectl version --client 2>/dev/null | grep -q '^Kustomize Version: v5\.'
}

if [ -n "${KUSTOMIZE:-}" ]; then
  kustomize="$KUSTOMIZE build"
elif kubectl_has_kustomize_5; then
  kustomize="kubectl kustomize"
else
  built=$cache/kustomize-$kustomize_version/kustomize
  if [ ! -x "$built" ]; then
    command -v go >/dev/null || install golang-go ca-certificates ||
      missing "needs kubectl with kustomize 5, or Go (Debian: golang-go) to build it; neither is here"
    CGO_ENABLED=0 GOBIN=$(dirname "$built") go install "sigs.k8s.io/kustomize/kustomize/v5@$kustomize_version" >&2 9>&- ||
      missing "kustomize $kustomize_version could not be built"
  fi
  kustomize="$built build"
fi

python3 -m pip --version >/dev/null 2>&1 || install python3-pip ||
  missing "needs python3 with pip (Debian: python3-pip) for kubernetes-validate"
# Part of it is compiled for one version of Python.
validate=$cache/kubernetes-validate-$validate_version-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ ! -f "$validate/.installed" ]; then
  rm -rf "$validate"
  python3 -m pip install --quiet --root-user-action=ignore --target "$validate" "kubernetes-validate==$validate_version" >&2 9>&- ||
    missing "kubernetes-validate $validate_version could not be installed"
  : >"$validate/.installed"
fi

echo "KUSTOMIZE=$kustomize"
echo "VALIDATE=$validate"
