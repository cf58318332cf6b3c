# The commands of this repository. Needs python3 (3.11 or newer) with venv, and make; no service and no root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
TESTS ?= tests
ONLY ?=
WORKERS ?= 2
COMPILE := -q --generate-hashes --no-header --universal --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run demo-reset test check faults bench lint types imports lock

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.runtime ## make the virtual environment and install what the product needs
setup-dev: $(VENV)/.dev ## the same, with the tools for tests and checks

# A stamp holds the hash of the lock that is installed; a changed lock, not a changed date, makes a new installation.
# The development lock contains the runtime one, so that a developer's environment is never pruned by `make run`.
$(VENV)/.runtime: FORCE
	@if [ ! -f $(VENV)/.dev ] || ! .ci/install is-installed requirements-dev.txt $(VENV)/.dev; then \
		PYTHON="$(PYTHON)" .ci/install requirements.txt $@; fi

$(VENV)/.dev: FORCE
	@PYTHON="$(PYTHON)" .ci/install requirements-dev.txt $@

FORCE:

run: setup ## start everything on this machine (COLLAB_PORT=8000); Ctrl-C stops it
	@$(PY) -m collab.web.launcher up --stop-with-parent

demo-reset: setup ## delete the demo's data and build it anew
	@$(PY) -m collab.web.launcher demo-reset

# Two processes and the programs that they start read the compiled tests and product, also where the environment forbids keeping them.
test: setup-dev ## run the tests (TESTS=tests/area, WORKERS=2), without the browser journeys
	env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest -n $(WORKERS) --dist loadfile $(TESTS) --ignore=tests/journeys

check: setup-dev lint types imports test ## everything that must pass before a change is handed in

bench: setup-dev ## measure against the bars (ONLY=prefix for a part); figures go to bench/results.json
	@$(PY) -m bench --only "$(ONLY)"

faults: setup-dev ## break everything on all brokers and count (FAULTS="--items 500 --only smtp")
	$(PY) -m tests.faults $(FAULTS)

lint: setup-dev ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev ## types, strictly
	$(BIN)/mypy
	$(BIN)/mypy config.py

imports: setup-dev ## the layers of the house
	$(BIN)/lint-imports

lock: setup-dev ## write requirements.txt and requirements-dev.txt anew from the .in files
	@command -v uv >/dev/null || [ -x $(BIN)/uv ] || $(PY) -m pip install -q uv
	PATH="$$PATH:$(BIN)" uv pip compile $(COMPILE) requirements.in -o requirements.txt
	PATH="$$PATH:$(BIN)" uv pip compile $(COMPILE) requirements-dev.in -o requirements-dev.txt
