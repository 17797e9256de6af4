# syntax=docker/dockerfile:1
# Slipway's images, one target each: api, worker (the scheduler as well), cli, loadtest. docs/images.md says more.
ARG PYTHON_IMAGE=python:3.13-slim
ARG UV_IMAGE=ghcr.io/astral-sh/uv:0.13

FROM ${UV_IMAGE} AS uv

# What every image stands on: Python without its installer, and an account that owns nothing.
# The standard library is compiled here, since nothing can be written at run time.
FROM ${PYTHON_IMAGE} AS runtime
RUN groupadd --gid 10001 slipway \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin slipway \
    && pip uninstall --yes --quiet --root-user-action ignore pip \
    && rm -rf /usr/local/bin/idle* /usr/local/lib/python3.*/ensurepip /usr/local/lib/python3.*/idlelib \
        /usr/local/lib/python3.*/tkinter /usr/local/lib/python3.*/turtledemo \
    && python -m compileall -q /usr/local/lib/python3.* \
    && find / -xdev -perm /6000 -type f -exec chmod a-s {} +
ENV HOME=/tmp \
    PATH=/opt/slipway/bin:/opt/dependencies/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/opt/slipway \
    PYTHONUNBUFFERED=1
WORKDIR /opt/slipway
COPY --chmod=a+rX LICENSE ./
STOPSIGNAL SIGTERM

# What builds: uv, and the projects' manifests. Only when they or the lock change are dependencies installed again.
FROM ${PYTHON_IMAGE} AS build
COPY --from=uv /uv /usr/local/bin/
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    VIRTUAL_ENV=/opt/dependencies
WORKDIR /src
RUN uv venv --quiet "$VIRTUAL_ENV"
COPY pyproject.toml requirements.lock ./
COPY services/platform/pyproject.toml services/platform/
COPY services/triage/pyproject.toml services/triage/
COPY services/api/pyproject.toml services/api/
COPY services/worker/pyproject.toml services/worker/
COPY cli/pyproject.toml cli/
COPY infra/images/requirements.sh infra/images/excludes.txt infra/images/loadtest.txt infra/images/

FROM build AS api-dependencies
RUN --mount=type=cache,target=/root/.cache/uv infra/images/requirements.sh --extra aws \
    services/platform/pyproject.toml services/triage/pyproject.toml services/api/pyproject.toml

FROM build AS worker-dependencies
RUN --mount=type=cache,target=/root/.cache/uv infra/images/requirements.sh --extra aws \
    services/platform/pyproject.toml services/triage/pyproject.toml services/worker/pyproject.toml

FROM build AS cli-dependencies
RUN --mount=type=cache,target=/root/.cache/uv infra/images/requirements.sh --extra aws \
    services/platform/pyproject.toml cli/pyproject.toml

FROM build AS loadtest-dependencies
RUN --mount=type=cache,target=/root/.cache/uv infra/images/requirements.sh infra/images/loadtest.txt

FROM build AS model-dependencies
RUN --mount=type=cache,target=/root/.cache/uv infra/images/requirements.sh --extra training \
    services/platform/pyproject.toml services/triage/pyproject.toml cli/pyproject.toml

# The model: built from the published weights, whose digest is checked, cut down to what is served, and then measured
# on messages that it has never seen. The cache only spares the training where neither code nor messages changed.
FROM model-dependencies AS model
ARG MODEL_PRECISION=int8
ENV ORT_DISABLE_TELEMETRY=1 \
    PATH=/opt/dependencies/bin:$PATH \
    SLIPWAY_MODEL_PRECISION=${MODEL_PRECISION}
COPY services services
COPY cli cli
RUN uv pip install --quiet --offline --no-deps \
    --editable ./services/platform --editable ./services/triage --editable ./cli
RUN --mount=type=cache,target=/var/cache/models \
    export SLIPWAY_MODELS_DIR=/var/cache/models \
    && slipway model build \
    && slipway model export /models
RUN SLIPWAY_MODELS_DIR=/models slipway model check --name triage --data services/triage/data/test.csv \
    --at-least accuracy_covered=0.90 --at-least coverage=0.70 --at-least out_of_scope_flagged=0.80

# Our own code, in a folder of its own: an image that differs in code only differs in one small layer.
FROM build AS code
COPY services services
COPY cli cli

FROM code AS api-code
RUN uv pip install --quiet --offline --no-deps --target /opt/slipway \
    ./services/platform ./services/triage ./services/api \
    && rm /opt/slipway/.lock

FROM code AS worker-code
RUN uv pip install --quiet --offline --no-deps --target /opt/slipway \
    ./services/platform ./services/triage ./services/worker \
    && rm /opt/slipway/.lock

FROM code AS cli-code
RUN uv pip install --quiet --offline --no-deps --target /opt/slipway \
    ./services/platform ./cli \
    && rm /opt/slipway/.lock

# ONNX Runtime would report to its maker what it runs.
FROM runtime AS serving
ARG MODEL_PRECISION=int8
ENV ORT_DISABLE_TELEMETRY=1 \
    SLIPWAY_API_HOST=0.0.0.0 \
    SLIPWAY_METRICS_HOST=0.0.0.0 \
    SLIPWAY_MODEL_PRECISION=${MODEL_PRECISION} \
    SLIPWAY_MODELS_DIR=/models

FROM serving AS api
COPY --link --from=api-dependencies /opt/dependencies /opt/dependencies
COPY --link --from=model /models /models
COPY --link --from=api-code /opt/slipway /opt/slipway
USER 10001:10001
EXPOSE 8000 9100
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=2s \
    CMD ["python", "-m", "slipway.telemetry.healthcheck"]
CMD ["python", "-m", "slipway_api"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="slipway-api" \
    org.opencontainers.image.description="Slipway's HTTP API, with the model that it serves" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

FROM serving AS worker
COPY --link --from=worker-dependencies /opt/dependencies /opt/dependencies
COPY --link --from=model /models /models
COPY --link --from=worker-code /opt/slipway /opt/slipway
USER 10001:10001
EXPOSE 9100
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=2s \
    CMD ["python", "-m", "slipway.telemetry.healthcheck"]
CMD ["python", "-m", "slipway_worker"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="slipway-worker" \
    org.opencontainers.image.description="Slipway's worker, and with another command its scheduler" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

# With the messages that `slipway demo` sends.
FROM runtime AS cli
COPY --link --from=cli-dependencies /opt/dependencies /opt/dependencies
COPY --link --from=cli-code /opt/slipway /opt/slipway
COPY --link --chmod=a+rX services/triage/data/test.csv /opt/slipway/services/triage/data/test.csv
USER 10001:10001
HEALTHCHECK NONE
ENTRYPOINT ["slipway"]
CMD ["--help"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="slipway-cli" \
    org.opencontainers.image.description="Slipway's command line: migrations, tenants, keys, flags, backups" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

FROM runtime AS loadtest
COPY --link --from=loadtest-dependencies /opt/dependencies /opt/dependencies
COPY --link --chmod=a+rX loadtests /opt/slipway/loadtests
COPY --link --chmod=a+rX services/triage/data/test.csv /opt/slipway/services/triage/data/test.csv
USER 10001:10001
EXPOSE 8089
HEALTHCHECK NONE
ENTRYPOINT ["locust"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="slipway-loadtest" \
    org.opencontainers.image.description="Slipway's load tests on Locust" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
