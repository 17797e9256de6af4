#!/usr/bin/env bash
# Installs or upgrades the chart in the cluster of KUBECONFIG: `make deploy`. Needs helm and kubectl.
#
#   RELEASE=slipway NAMESPACE=slipway     what it is called, and where
#   VALUES=kind                           places (values-PLACE.yaml) or files, in order: VALUES="production aws mine.yaml"
#   SET="image.tag=1.2.0 api.replicas=3"  single values
#   TIMEOUT=10m                           how long pods may take until they are ready
#   POD_SECURITY=restricted               what the namespace enforces; empty: its labels stay as they are
set -euo pipefail
cd "$(dirname "$0")/.."
chart=k8s/charts/slipway
release=${RELEASE:-slipway}
namespace=${NAMESPACE:-slipway}

for tool in helm kubectl; do
    command -v "$tool" >/dev/null || { echo "$tool is not on PATH; docs/kubernetes.md says where to get it." >&2; exit 1; }
done

arguments=()
for word in ${VALUES-kind}; do
    if [ -f "$chart/values-$word.yaml" ]; then
        arguments+=(--values "$chart/values-$word.yaml")
    elif [ -f "$word" ]; then
        arguments+=(--values "$word")
    else
        echo "VALUES: $word is neither a place ($(cd "$chart" && echo values-*.yaml)) nor a file." >&2
        exit 1
    fi
done
for pair in ${SET-}; do
    arguments+=(--set "$pair")
done

kubectl get namespace "$namespace" >/dev/null 2>&1 || kubectl create namespace "$namespace" >/dev/null
if [ -n "${POD_SECURITY-restricted}" ]; then
    kubectl label namespace "$namespace" "pod-security.kubernetes.io/enforce=${POD_SECURITY-restricted}" --overwrite >/dev/null
fi

if ! helm upgrade --install "$release" "$chart" --namespace "$namespace" "${arguments[@]}" \
    --wait --wait-for-jobs --timeout "${TIMEOUT:-10m}"; then
    echo "It failed, for the reason above. Where the release stands, and what its namespace warns of:" >&2
    kubectl --namespace "$namespace" get pods --selector "app.kubernetes.io/instance=$release" >&2
    kubectl --namespace "$namespace" get events --field-selector type=Warning --sort-by .lastTimestamp >&2 | tail -n 15 >&2
    exit 1
fi

# What the chart's notes cannot know: the port of this machine that `make cluster-up` gives the gateway.
made=$(kubectl --namespace "$namespace" get secret --output name \
    --selector "app.kubernetes.io/instance=$release,app.kubernetes.io/component=gateway")
if [ -n "$made" ]; then
    cat <<END

Through its gateway, on a cluster of \`make cluster-up\`:

    kubectl --namespace $namespace get $made --output jsonpath='{.data.ca\.crt}' | base64 --decode > ca.pem
    curl --cacert ca.pem https://localhost:30843/v1/triage -H "Authorization: Bearer \$KEY" \\
         -H 'Content-Type: application/json' -d '{"inputs": [{"text": "I was charged twice for invoice 4711"}]}'
END
fi
