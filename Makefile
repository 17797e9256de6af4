# Every command a person types. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for name in python3 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && echo $$name && break; done)
UV := .tools/bin/uv
BIN := .venv/bin
PROJECTS := services/platform services/triage services/api services/worker cli
MANIFESTS := pyproject.toml $(addsuffix /pyproject.toml,$(PROJECTS))
export UV_PYTHON_DOWNLOADS := never

.PHONY: help
help: ## List every target
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  \033[1m%-20s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv comes from the lock as well, so that its digest is checked like any other.
$(UV):
	@test -n "$(PYTHON)" || { echo "Slipway needs Python 3.11 or 3.12. Say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv .tools
	awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > .tools/uv.txt
	.tools/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r .tools/uv.txt

.venv/installed: $(UV) requirements.lock $(MANIFESTS)
	$(UV) venv --quiet --allow-existing --python "$(PYTHON)" .venv
	$(UV) pip sync --compile-bytecode --require-hashes requirements.lock
	$(UV) pip install --quiet --offline --no-deps --no-build-isolation $(addprefix -e ,$(PROJECTS))
	$(BIN)/python -m compileall -q $(addsuffix /src,$(PROJECTS))
	@touch $@

.PHONY: setup
setup: .venv/installed ## Install everything into .venv, digests checked

.PHONY: lock
lock: $(UV) ## Renew requirements.lock (make lock UPGRADE=1: to the newest versions)
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-package slipway --no-emit-package slipway-triage $(if $(UPGRADE),--upgrade) \
		$(MANIFESTS) --group dev --extra training --extra local --extra aws --output-file requirements.lock

.PHONY: check
check: .venv/installed ## Format, lint, types, layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

.PHONY: format
format: .venv/installed ## Let ruff format and mend what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: model
model: .venv/installed ## Build the sample model, if it is not there
	$(BIN)/slipway model build

.PHONY: demo
demo: model ## Run the main job on real servers and a real model
	$(BIN)/slipway demo

.PHONY: up
up: model ## Start the whole stack on this machine (Ctrl-C stops it)
	$(BIN)/slipway up

.PHONY: test
test: model ## Every test, on real servers, in parallel
	$(BIN)/pytest -n auto

.PHONY: chaos
chaos: model ## Kill everything, again and again, and count every message (make chaos SEED=7; some 20 minutes)
	PYTHONPATH=tests:tests/workloads $(BIN)/python -m chaos --seed $(or $(SEED),1)

.PHONY: chaos-quick
chaos-quick: model ## The same in under two minutes
	PYTHONPATH=tests:tests/workloads $(BIN)/python -m chaos --quick --seed $(or $(SEED),1)

.PHONY: privacy-drill
privacy-drill: .venv/installed ## Every proof of the privacy at full size, and a report (make privacy-drill SEED=7: some 11 minutes; ARGS=--quick: 3)
	PYTHONPATH=tests:tests/workloads $(BIN)/python -m drill --seed $(or $(SEED),1) $(ARGS)

.PHONY: bench
bench: model ## Slipway beside other serving frameworks and the model alone, in one run (about an hour; needs Go; ARGS=--quick)
	$(BIN)/python -m loadtests.bench $(ARGS)

.PHONY: bench-guard
bench-guard: model ## Has the request path become dearer? Processor time beside the model's own, in one run
	$(BIN)/python -m loadtests.bench.guard $(ARGS)

.PHONY: bench-startup
bench-startup: model ## From the start of a process to its first answer, and its memory under load
	$(BIN)/python -m loadtests.bench.startup $(ARGS)

.PHONY: bench-jobs
bench-jobs: model ## The job path beside the model alone, on the same cores
	$(BIN)/python -m loadtests.jobs

.PHONY: bench-sealing
bench-sealing: model ## Bulk throughput with encryption, of that without (some 6 minutes; ARGS=--no-model)
	$(BIN)/python -m loadtests.sealing $(ARGS)

.PHONY: loadtest-overload
loadtest-overload: model ## Goodput and refusals at three times the capacity (some 7 minutes)
	$(BIN)/python -m loadtests.overload

.PHONY: loadtest-restart
loadtest-restart: .venv/installed ## Restart the stack ten times under load: no request fails
	$(BIN)/python -m loadtests.restart

.PHONY: e2e-compose
e2e-compose: .venv/installed ## Boot the composed stack from nothing, break it, and check every signal (some 40 minutes; needs Docker)
	PYTHONPATH=tests $(BIN)/python -m e2e

.PHONY: check-chart
check-chart: .venv/installed ## Lint, render, validate and unit-test the Helm chart (needs helm, kubeconform, kube-score, helm-docs)
	$(BIN)/python -m k8s.check

.PHONY: cluster-up
cluster-up: ## A cluster of kind's with all that the chart can use (needs Docker, kind, kubectl, helm)
	infra/kind/up.sh

.PHONY: cluster-down
cluster-down: ## Remove it
	infra/kind/down.sh

.PHONY: deploy
deploy: ## Install or upgrade the chart in the cluster of KUBECONFIG (NAMESPACE, RELEASE, VALUES)
	k8s/deploy.sh

.PHONY: loadtest-autoscale
loadtest-autoscale: .venv/installed ## Load what `make deploy` made with 1x, 5x, 1x, and judge how it scaled (some 12 minutes)
	$(BIN)/python -m loadtests.autoscale $(ARGS)

.PHONY: loadtest-distributed
loadtest-distributed: .venv/installed ## Send a load from pods of a cluster, for more than one machine can (ARGS="--host https://... --key-file key")
	$(BIN)/python -m loadtests.k8s $(ARGS)

.PHONY: loadtest-capacity
loadtest-capacity: .venv/installed ## What the API behind a URL can do within its objective (ARGS="--url https://... --key-file key")
	$(BIN)/python -m loadtests.capacity $(ARGS)

.PHONY: e2e-cluster
e2e-cluster: .venv/installed ## Install, load, upgrade, break and remove a release of its own (some 40 minutes; needs helm, kubectl)
	PYTHONPATH=tests $(BIN)/python -m cluster $(ARGS)

.PHONY: backup
backup: ## Save the composed stack's data, and its keys apart (make backup TO=folder KEYS=file)
	$(or $(PYTHON),python3) -m infra.backup create $(TO) $(if $(KEYS),--keys $(KEYS)) $(if $(WRAPPED),--wrapped $(WRAPPED)) $(if $(EVIDENCE),--evidence $(EVIDENCE))

.PHONY: restore
restore: ## Load a backup into an empty composed stack (make restore FROM=folder KEYS=file)
	$(or $(PYTHON),python3) -m infra.backup restore $(FROM) $(if $(KEYS),--keys $(KEYS)) $(if $(WRAPPED),--wrapped $(WRAPPED)) $(if $(EVIDENCE),--evidence $(EVIDENCE))

.PHONY: images
images: ## Build the four images, and print their sizes
	infra/images/build.sh

.PHONY: docs
docs: .venv/installed ## Write the generated pages of docs/
	$(BIN)/python -m slipway.telemetry.catalogue > docs/metrics.md
	$(BIN)/python -m slipway.settings > docs/settings.md
	$(BIN)/python -m slipway_cli.reference > docs/commands.md
	$(BIN)/python -m slipway.telemetry.span_reference docs/tracing.md
	$(BIN)/python -m tests.faults.reference
	$(BIN)/python -m monitoring.prometheus.kubernetes
	$(BIN)/python -m monitoring.dashboards
	$(BIN)/python -m monitoring.kibana
	$(BIN)/python -m slipway.logstore.template > monitoring/elasticsearch/index-template.json
	$(BIN)/python -m slipway.inventory.page docs/privacy.md

.PHONY: clean
clean: ## Remove what was installed and built (var/ stays: it holds data)
	rm -rf .venv .tools .hypothesis .*_cache
