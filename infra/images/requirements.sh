#!/bin/sh
# Installs what the given projects need: the versions of requirements.lock, each digest checked, and only wheels.
# What the lock does not hold has no digest, so that the second command refuses it.
set -eu
uv pip compile --quiet --no-header --no-annotate --constraint requirements.lock --excludes infra/images/excludes.txt \
    --no-emit-package slipway --no-emit-package slipway-triage --output-file /tmp/needed.txt "$@"
uv pip install --no-deps --require-hashes --only-binary :all: --constraint requirements.lock \
    --requirement /tmp/needed.txt

# What nobody runs: the installer's lock, the packages' own tests, and a library
# for programs in C, which Python does not load (its module holds the same code).
find "$VIRTUAL_ENV/lib" -depth \( -type d -name tests -o -name 'libonnxruntime.so.*' \) -exec rm -r {} +
rm "$VIRTUAL_ENV/.lock"
# botocore describes every service of AWS. We call one, and sign in with the others.
aws=$(find "$VIRTUAL_ENV/lib" -type d -path '*/botocore/data')
[ -z "$aws" ] || find "$aws" -mindepth 1 -maxdepth 1 -type d \
    ! -name kms ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} +
