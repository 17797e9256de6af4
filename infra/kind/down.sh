#!/usr/bin/env bash
# Removes the cluster of up.sh, its data included: `make cluster-down`.
set -euo pipefail
kind delete cluster --name "${CLUSTER:-slipway}"
