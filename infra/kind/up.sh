#!/usr/bin/env bash
# A cluster of kind's with what the chart can use: `make cluster-up`. Run again, it mends what is missing.
#
# Needs docker, kind 0.33, kubectl and helm 3.14 or newer on PATH, and a way to the public registries.
# CLUSTER (slipway) is its name, SLIPWAY_VERSION (dev) the tag of our images.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=infra/kind/versions.sh
source infra/kind/versions.sh
cluster=${CLUSTER:-slipway}
tag=${SLIPWAY_VERSION:-dev}

say() { printf '\n== %s\n' "$*"; }

need() {
    local missing=0 tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || { echo "$tool is not on PATH: $(where "$tool")" >&2; missing=1; }
    done
    return "$missing"
}

where() {
    case $1 in
    docker) echo https://docs.docker.com/engine/install/ ;;
    kind) echo "https://kind.sigs.k8s.io/docs/user/quick-start/#installation (0.33)" ;;
    kubectl) echo https://kubernetes.io/docs/tasks/tools/ ;;
    helm) echo https://helm.sh/docs/intro/install/ ;;
    esac
}

# add_on RELEASE NAMESPACE CHART VERSION [REPOSITORY] : its values are infra/kind/RELEASE.yaml.
add_on() {
    say "$1 ($3 $4)"
    helm upgrade --install "$1" "$3" --version "$4" ${5:+--repo "$5"} --kube-context "kind-$cluster" \
        --namespace "$2" --create-namespace --values "infra/kind/$1.yaml" --wait --timeout 5m >/dev/null
}

need docker kind kubectl helm

say "Cluster $cluster"
if ! kind get clusters 2>/dev/null | grep -qx "$cluster"; then
    kind create cluster --name "$cluster" --config infra/kind/cluster.yaml --wait 3m
fi

say "Images"
for image in slipway-api slipway-worker slipway-cli slipway-loadtest; do
    if ! docker image inspect "$image:$tag" >/dev/null 2>&1; then
        make images
    fi
    kind load docker-image --name "$cluster" "$image:$tag"
done
# The stores' images come from their registry: the node fetches them now, so that no time limit counts it.
helm template slipway k8s/charts/slipway --kube-version 1.34 --values k8s/charts/slipway/values-kind.yaml |
    sed -nE 's/^ *-? *image: "?([^"]+)"?$/\1/p' | sort -u | grep -v '^slipway-' |
    xargs -n 1 docker exec "$cluster-control-plane" crictl pull

say "Gateway API $GATEWAY_API"
kubectl --context "kind-$cluster" apply --server-side --filename \
    "https://github.com/kubernetes-sigs/gateway-api/releases/download/$GATEWAY_API/standard-install.yaml" >/dev/null

add_on metrics-server kube-system metrics-server "$METRICS_SERVER" https://kubernetes-sigs.github.io/metrics-server/
add_on traefik traefik traefik "$TRAEFIK" https://traefik.github.io/charts
add_on keda keda keda "$KEDA" https://kedacore.github.io/charts
add_on prometheus monitoring oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack "$PROMETHEUS"

say "Ready: kubectl config use-context kind-$cluster && make deploy"
