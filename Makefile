# Everything runs in .venv, which is made from PYTHON, the hashed lock and this checkout.
#   make PYTHON=python3.12 test ARGS="-k money"

PYTHON ?= python3
ARGS ?=
APP ?= b2b_project_sales

BIN := .venv/bin
LOCK := requirements/dev.lock
EXAMPLES := $(patsubst %/pyproject.toml,%,$(wildcard examples/*/pyproject.toml))
CACHES := .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz torture mutants lint bench docs lock postgres clean

help:
	@echo "make demo      load an example, show who sees what, serve its pages (APP=medical_exam_center ARGS=--no-serve)"
	@echo "make test      run the suite (ARGS goes to pytest)"
	@echo "make fuzz      send ten thousand made-up requests to the REST face"
	@echo "make torture   run the tests that take minutes"
	@echo "make mutants   whether the tests notice small wrong changes of scope (ARGS=\"predicate.py --sample 90\")"
	@echo "make lint      ruff, the import contracts, mypy"
	@echo "make bench     measure against the driver and against peers (ARGS goes to the benchmarks)"
	@echo "make docs      write docs/reference/ from the code"
	@echo "make lock      write requirements/*.lock from pyproject.toml (ARGS=--upgrade for newer versions)"
	@echo "make postgres  start a private PostgreSQL and print its address"
	@echo "make clean     remove all that these commands have made"

# hatchling comes out of the lock, so that nothing is installed here without a hash.
.venv/.installed: pyproject.toml $(LOCK) $(EXAMPLES:=/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit("pycrm needs Python 3.11 or newer, and %s is %s: say make PYTHON=..." % (sys.executable, sys.version.split()[0]) if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . $(addprefix -e ,$(EXAMPLES))
	@touch $@

# Each example has a file of its own, so that one does not take the other's for its own.
demo: .venv/.installed
	@$(BIN)/python -m pycrm demo --serve --app $(APP) --file $(if $(filter b2b_project_sales,$(APP)),demo,$(APP)).db $(ARGS)

# The suite begins hundreds of processes: what one has compiled, the next need not.
test fuzz torture: export PYTHONDONTWRITEBYTECODE =
test: .venv/.installed
	$(BIN)/python -m pytest $(ARGS)

fuzz: .venv/.installed
	$(BIN)/python -m pytest -m fuzz $(ARGS)

torture: .venv/.installed
	$(BIN)/python -m pytest -m torture --timeout=0 $(ARGS)

mutants: .venv/.installed
	PYTHONPATH=tests $(BIN)/python -m mutation $(ARGS)

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

bench: .venv/.installed
	$(BIN)/python -m benchmarks $(ARGS)

docs: .venv/.installed
	$(BIN)/python scripts/reference.py

# Run this with the oldest Python that pyproject.toml allows: what it leaves out, newer ones do not need.
lock: .venv-lock/.installed
	CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe \
		--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
		--extra web --extra docs --extra postgres --extra exchange --extra analytics --extra traces --extra dev $(ARGS) --output-file $(LOCK) pyproject.toml
	@if grep -nE '^-|://' $(LOCK); then echo "$(LOCK) names an address"; exit 1; fi

.venv-lock/.installed:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7.5,<8'
	@touch $@

postgres:
	@scripts/postgres.sh start

clean:
	scripts/postgres.sh remove
	rm -rf .venv .venv-lock .bench-venv $(CACHES) build dist site
	find src tests examples benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
