# `make` alone lists the targets.  Python 3.12 or newer, g++, make and git are assumed, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STUDY ?= studies/notebook.toml

.DEFAULT_GOAL := help
.PHONY: help install study test test-slow check format report bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## make .venv with everything; ends with .venv/bin/harness ready
	@echo "$(BIN)/harness is ready"

study: $(READY) ## run the notebook's study (or STUDY=studies/other.toml) into results/
	@$(BIN)/harness cmdstan install
	@$(BIN)/harness run $(STUDY)

test: $(READY) ## run the fast tests
	@$(BIN)/harness cmdstan install
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-slow: $(READY) ## run the tests that take minutes
	@$(BIN)/harness cmdstan install
	$(BIN)/python -m pytest -m slow

check: $(READY) ## lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

report: $(READY) ## write the report again from the saved tables
	@$(BIN)/harness report $(STUDY)

bench: STUDY = studies/gradients.toml
bench: $(READY) ## time a gradient of each mixture program (or of STUDY's programs)
	@$(BIN)/harness cmdstan install
	@$(BIN)/harness bench $(STUDY)

lock: $(READY) ## resolve the dependencies anew into requirements.lock (wants uv on the PATH)
	uv pip compile --universal --python-version 3.12 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --group dev pyproject.toml --output-file requirements.lock

clean: ## remove .venv and caches of tools; the user's cache folder stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || { \
	  echo "Python 3.12 or newer is needed, '$(PYTHON)' is $$(command -v $(PYTHON) >/dev/null && $(PYTHON) --version 2>&1 || echo missing); fix: make $(MAKECMDGOALS) PYTHON=/path/to/python3.13" >&2; exit 2; }
	@command -v $${CXX:-g++} >/dev/null || { \
	  echo "the C++ compiler '$${CXX:-g++}' is missing; fix: apt-get install g++ (macOS: xcode-select --install)" >&2; exit 2; }
	@rm -rf $(VENV)
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
