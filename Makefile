# `make demo` and `make test` do all their own set-up: a virtual environment in .venv, weights and caches in .cladmop.
# Nothing outside this folder is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= 2
export CLADMOP_HOME ?= $(CURDIR)/.cladmop

.PHONY: help demo serve test check unit types lint docs linkcheck packaging default-model clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# Stamps are written last, so that what was interrupted is done again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "cladmop needs Python 3.11 to 3.13, and $(PYTHON) is %d.%d; say make PYTHON=python3.12 or the like" % sys.version_info[:2])'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run-ready: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing cladmop and what it runs on (a few minutes the first time)"
	$(PIP) install --constraint constraints.txt --editable '.[nn,plots,serve,similar,documents]'
	@touch $@

$(VENV)/.dev-ready: $(VENV)/.run-ready
	@echo "Installing what the tests need"
	$(PIP) install --constraint constraints.txt --editable '.[nn,plots,serve,similar,documents,corpus,benchmark,cloud,ray,docs,dev]'
	@touch $@

demo: $(VENV)/.run-ready ## Score the bundled example trials and write demo-report/index.html
	$(BIN)/cladmop models get minilm
	$(BIN)/cladmop demo --out demo-report

serve: $(VENV)/.run-ready ## Open the page with the shipped model (PORT=8000)
	$(BIN)/cladmop models get minilm
	$(BIN)/cladmop serve --port $(or $(PORT),8000) --open

test: check unit ## Lint, types, layers and all tests

check: lint types

lint: $(VENV)/.dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev-ready
	$(BIN)/mypy

unit: $(VENV)/.dev-ready
	$(BIN)/cladmop models get minilm
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

docs: $(VENV)/.dev-ready ## Build the pages into docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs docs/_build/html

linkcheck: $(VENV)/.dev-ready ## Follow the external links of the pages (needs the network)
	$(BIN)/python -m sphinx -q -b linkcheck docs docs/_build/linkcheck

packaging: ## Try the wheel with its oldest and its newest dependencies (20 minutes)
	.ci/packaging lowest
	.ci/packaging highest

default-model: $(VENV)/.run-ready ## Train the shipped model again (TOP=folder of TOP's CSV files)
	$(BIN)/cladmop fit --data $(or $(TOP),../shared/top) --out src/cladmop/pretrained/default

clean: ## Remove the virtual environment, caches and reports
	rm -rf $(VENV) .cladmop demo-report docs/_build runs .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
