# efface. `make` or `make help` lists the targets. The first call of any of them sets up .venv.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: help demo demo-blocked demo-hard test test-cluster bench check compile chart \
	images lock sbom clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# One thread: on cores that other work shares, several wait for each other.
demo demo-blocked demo-hard: export OMP_NUM_THREADS ?= 1

demo: .venv/ready  ## a brand's deletion ticket, through the pipeline, to a verdict
	@$(BIN)/python -m examples.fashion.demo

demo-blocked: .venv/ready  ## the same ticket with a method that the gate blocks
	@$(BIN)/python -m examples.fashion.demo --name blocked --method max-loss

demo-hard: .venv/ready  ## a ticket about one subject, among others that look alike
	@$(BIN)/python -m examples.fashion.demo --name hard --ticket one-subject

test: .venv/ready-dev  ## the tests
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

test-cluster: .venv/ready-dev  ## the test on a real cluster; docs/cluster.md says what it needs
	$(BIN)/pytest -m cluster -v tests/cluster

bench: .venv/ready-dev  ## speed against the tools the field uses
	@for file in tests/bench/bench_*.py; do \
		echo "$$file"; PYTHONPATH=. $(BIN)/python $$file || exit 1; done

check: .venv/ready-dev  ## everything that CI checks before the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pipelines.compile --check

compile: .venv/ready  ## write pipelines/compiled/*.yaml anew
	$(BIN)/python -m pipelines.compile

chart: .venv/ready-dev  ## write what charts/efface says of its values anew, from the comments of values.yaml
	$(BIN)/python -m tests.charts.document_values

images: .venv/bin/python  ## build efface-core and efface-gpu with docker or podman
	@PYTHON=$(BIN)/python images/build.sh

LOCK = $(BIN)/uv pip compile --quiet --no-config --no-emit-index-url --generate-hashes --universal \
	--python-version 3.11 --custom-compile-command 'make lock' $(UPGRADE) pyproject.toml
lock: .venv/ready-dev  ## pin what the images hold, with hashes; UPGRADE=--upgrade for newer ones
	$(LOCK) --extra kfp --extra mlflow --extra torch -o images/gpu/requirements.txt
	$(LOCK) --extra kfp -c images/gpu/requirements.txt -o images/core/requirements.txt

sbom: .venv/ready-dev  ## write build/sbom/*.cdx.json: what the images hold (CycloneDX)
	@mkdir -p build/sbom
	@for class in core gpu; do PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements --pyproject pyproject.toml \
		--mc-type application --output-reproducible --output-file build/sbom/efface-$$class.cdx.json \
		images/$$class/requirements.txt && echo build/sbom/efface-$$class.cdx.json || exit 1; done

clean:  ## delete runs and caches
	rm -rf runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps say that the environment fits pyproject.toml, so that a second call costs nothing.
.venv/ready: pyproject.toml | .venv/bin/python
	@echo "installing into .venv: some minutes, 7 GB"
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[torch,mlflow,kfp]'
	@touch $@

.venv/ready-dev: pyproject.toml | .venv/bin/python
	@echo "installing into .venv, with what tests need: some minutes, 7 GB"
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[torch,mlflow,kfp,dev]'
	@touch .venv/ready $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer found: install one, or make PYTHON=/path/to/python" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv .venv
