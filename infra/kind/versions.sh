# shellcheck shell=sh disable=SC2034
# What `make cluster-up` puts into the cluster: a release of the CRDs, then versions of Helm charts. Sourced by up.sh.
GATEWAY_API=v1.4.1
METRICS_SERVER=3.13.1
TRAEFIK=39.0.9
KEDA=2.20.2
PROMETHEUS=84.5.0
