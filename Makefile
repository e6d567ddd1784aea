# Every target sets itself up in .venv. All it needs: make, and Python 3.11 or newer.
# Uses uv where there is one, else pip, with the same arguments. PYTHON=... chooses an interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
READY := .venv/.ready
PROJECTS := pyproject.toml $(wildcard providers/*/pyproject.toml)
INSTALL := -e '.[all,dev,docs]' $(patsubst %/pyproject.toml,-e %,$(wildcard providers/*/pyproject.toml))
WORKERS ?= auto
SECONDS ?= 60
# A file's tests stay together. In the order of their names: else the few long tests come last.
SPREAD := --dist loadfile --no-loadscope-reorder

.PHONY: help demo test promises soak check style types layers format docs coverage bench record clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY)  ## one deal through every vendor, against simulators; no account needed
	$(BIN)/esign demo

test: $(READY)  ## all tests, without network
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 4 $(SPREAD)

promises: $(READY)  ## what users may rely on, and the tests that hold it
	$(BIN)/python -m tests.promises -n $(WORKERS) --maxprocesses 4 $(SPREAD)

soak: $(READY)  ## SECONDS=60 of simulated worlds, with trouble by random seeds
	$(BIN)/python -m tests.promises.sim --seconds $(SECONDS)

check: style types layers  ## all that can be known without running it

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy
	$(BIN)/basedpyright

layers: $(READY)
	$(BIN)/lint-imports

format: $(READY)  ## let ruff tidy up
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## the pages' tables anew, from the code; and all pages as HTML, in build/html
	$(BIN)/python -m docs._generate
	$(BIN)/sphinx-build -q -W --keep-going -c docs/_generate . build/html

coverage: $(READY)  ## all tests, and the lines and branches they miss
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --maxprocesses 4 $(SPREAD)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(READY)  ## memory, time and overhead beside what they are measured against
	$(BIN)/python -m tests.bench

record: $(READY)  ## PROVIDER=... records its cassettes anew, from its simulator; LIVE=1 from the vendor
	$(BIN)/python -m tests.cassettes.record $(PROVIDER) $(if $(LIVE),--live)

clean:  ## remove what these targets made, .venv too
	rm -rf .venv .tutorial build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A command on the PATH proves nothing (pyenv leaves names that only print an error): run it.
$(READY): $(PROJECTS)
	@python=; \
	for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python="$$candidate"; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'esign needs Python 3.11 or newer, and none was found.' >&2; \
	  echo 'Install one, or name it: make PYTHON=/path/to/python3.12' >&2; \
	  exit 1; \
	fi; \
	if command -v uv >/dev/null; then \
	  [ -x $(BIN)/python ] || uv venv --seed --python "$$python" .venv; \
	  VIRTUAL_ENV=.venv uv pip install $(INSTALL); \
	else \
	  [ -x $(BIN)/python ] || "$$python" -m venv .venv; \
	  $(BIN)/python -m pip install $(INSTALL); \
	fi
	@touch $@
