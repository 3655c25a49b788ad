PYTHON ?= python3
VENV := .venv
DEV := .venv-dev
DATA ?= $(CURDIR)/var

.PHONY: run reset install dev test check format lock clean help

help:  ## say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: install  ## start the living demo on http://127.0.0.1:8000
	@NURTURE_DATA_DIR="$${NURTURE_DATA_DIR:-$(DATA)}" $(VENV)/bin/nurture up --demo

reset: install  ## let the living demo begin anew at the next start
	@NURTURE_DATA_DIR="$${NURTURE_DATA_DIR:-$(DATA)}" $(VENV)/bin/nurture demo --reset

install: $(VENV)/.done  ## build .venv with the nurture command in it

dev: $(DEV)/.done  ## build the environment of the tests

test: $(DEV)/.done  ## all tests: SQLite, PostgreSQL, browser
	$(DEV)/bin/python -m tests.run

check: format test  ## format, lint, types, import contracts, tests

format: $(DEV)/.done  ## put the code in its form
	$(DEV)/bin/ruff format nurture tests
	$(DEV)/bin/ruff check --fix nurture tests

lock:  ## write the three hashed locks anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --group build -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -c requirements.lock pyproject.toml --extra cluster --group build -o requirements-cluster.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -c requirements-cluster.lock pyproject.toml --group dev -o requirements-dev.lock

$(VENV)/.done: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "nurture needs Python 3.11 or later; name one with: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV)/.done: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "nurture needs Python 3.11 or later; name one with: make PYTHON=python3.12 test"; exit 1; }
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(DEV)/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:  ## remove the environments and caches
	rm -rf $(VENV) $(DEV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
