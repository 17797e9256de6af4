#!/bin/sh
# Builds the four images and prints their sizes in megabytes (10^6 bytes) as one line of JSON.
# Fails when the API's image, the model included, is not under its budget.
set -eu
cd "$(dirname "$0")/../.."
version=${SLIPWAY_VERSION:-dev}
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
budget=450

sizes=
for target in api worker cli loadtest; do
    docker build --target "$target" --tag "slipway-$target:$version" \
        --build-arg "VERSION=$version" --build-arg "REVISION=$revision" . >&2
    bytes=$(docker image inspect --format '{{.Size}}' "slipway-$target:$version")
    sizes="$sizes\"$target\": $((bytes / 1000000)), "
    [ "$target" = api ] && api=$((bytes / 1000000))
done
echo "{\"version\": \"$version\", \"images_mb\": {${sizes%, }}}"
[ "$api" -lt "$budget" ] || { echo "slipway-api has $api MB, and should have less than $budget." >&2; exit 1; }
