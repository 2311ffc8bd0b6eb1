# `make` alone lists the targets.  Python 3.12 or newer, g++, make and git are assumed, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEVELOP := $(VENV)/.ready-to-develop
PEERS := .venv-peers
PIP_FLAGS := --quiet --disable-pip-version-check
INSTALL := $(BIN)/python -m pip install $(PIP_FLAGS) --no-compile --no-deps
# a lock names all packages (--no-deps), so each half of the alphabet is installed by a process of its own
define install_locked
@for late in 0 1; do \
  awk -v late=$$late '/^[A-Za-z0-9]/ { mine = (/^[n-z]/ == late) } mine' $(1) >$(VENV)/half$$late.txt; done
@$(INSTALL) --require-hashes -r $(VENV)/half0.txt & first=$$!; \
  $(INSTALL) --require-hashes -r $(VENV)/half1.txt; code=$$?; wait $$first && exit $$code
endef
STUDY ?= studies/notebook.toml
# tests/conftest.py says which tests share a worker, and in which order they begin
WORKERS := -n 2 --dist loadscope --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install develop study test test-slow test-all check format docs notebook report bench readme lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY) ## make .venv with all that users need; ends with .venv/bin/harness ready
	@echo "$(BIN)/harness is ready"

develop: $(DEVELOP) ## add to .venv what tests, checks and pages need (their targets do so too)

study: $(READY) ## run the notebook's study (or STUDY=studies/other.toml) into results/
	@$(BIN)/harness cmdstan install
	@$(BIN)/harness run $(STUDY)

test: $(DEVELOP) ## run the fast tests
	@$(BIN)/harness cmdstan install
	$(BIN)/python -m pytest -m "not slow" $(WORKERS)

test-slow: $(DEVELOP) ## run the tests that take minutes
	@$(BIN)/harness cmdstan install
	$(BIN)/python -m pytest -m "slow and not exhaustive" $(WORKERS)

test-all: $(DEVELOP) ## run all tests, of every program and kind
	@$(BIN)/harness cmdstan install
	$(BIN)/python -m pytest $(WORKERS)

check: $(DEVELOP) ## lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEVELOP) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEVELOP) ## build the pages under docs/, with the Python reference, into build/docs/
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs
	@echo "wrote build/docs/index.html"

notebook: $(DEVELOP) ## execute docs/notebook.ipynb again, in place
	@$(BIN)/harness cmdstan install
	$(BIN)/jupyter execute --inplace docs/notebook.ipynb

report: $(READY) ## write the report again from the saved tables
	@$(BIN)/harness report $(STUDY)

bench: STUDY = studies/bench.toml
bench: $(READY) ## time this project beside PyMC, nutpie, NumPyro and stanli (BENCH=--quick tries it)
	@$(MAKE) --no-print-directory $(PEERS)/.ready || echo "some peers are missing; their rows will say so" >&2
	@$(BIN)/harness cmdstan install
	@$(BIN)/python -m tools.bench $(STUDY) --peers $(PEERS) $(BENCH)

readme: $(READY) ## write the results of study and bench into README.md
	@$(BIN)/python -m tools.readme

lock: $(READY) ## resolve the dependencies anew into the locks (wants uv on the PATH)
	uv pip compile --universal --python-version 3.12 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --group dev pyproject.toml --output-file requirements-dev.lock
	uv pip compile --universal --python-version 3.12 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --group build pyproject.toml --constraint requirements-dev.lock \
	  --output-file requirements.lock
	uv pip compile --universal --python-version 3.12 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --group peers --output-file requirements-peers.lock

# not what the harness runs in: their requirements may contradict its own
$(PEERS)/.ready: requirements-peers.lock
	@rm -rf $(PEERS)
	@echo "making $(PEERS)"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements-peers.lock
	@touch $@

clean: ## remove .venv and caches of tools; the user's cache folder stays
	rm -rf $(VENV) $(PEERS) .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || { \
	  echo "Python 3.12 or newer is needed, '$(PYTHON)' is $$(command -v $(PYTHON) >/dev/null && $(PYTHON) --version 2>&1 || echo missing); fix: make $(MAKECMDGOALS) PYTHON=/path/to/python3.13" >&2; exit 2; }
	@command -v $${CXX:-g++} >/dev/null || { \
	  echo "the C++ compiler '$${CXX:-g++}' is missing; fix: apt-get install g++ (macOS: xcode-select --install)" >&2; exit 2; }
	@rm -rf $(VENV)
	@echo "making $(VENV)"
# --no-compile: a module is compiled when it is imported first, most never are (not so for peers, whose start is timed)
	@$(PYTHON) -m venv $(VENV)
	$(call install_locked,requirements.lock)
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

# the same versions as in requirements.lock, so that pip leaves alone what is there
$(DEVELOP): $(READY) requirements-dev.lock
	@echo "adding tools for tests, checks and pages to $(VENV)"
	$(call install_locked,requirements-dev.lock)
	@touch $@
