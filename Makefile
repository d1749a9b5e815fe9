# Everything a person or CI calls. `make help` lists it.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CODE := warehouse ingestion expectations dags sample_providers tests benchmarks compose audit

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup run test check format dbt-docs guards faults lake decade scheduler-test compose-test fuzz chaos bench bench-peers lock audit-refresh secrets up down clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

# Packages come from the package index that pip is set up for; the lock file holds versions and hashes, no addresses.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 14) else "This project needs Python 3.11, 3.12 or 3.13, not " + sys.version.split()[0] + ". Try: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP)  ## build .venv from the lock file

run: setup  ## load, validate, build and publish from the embedded sample providers
	$(BIN)/warehouse run --sample

test: setup  ## the whole offline test suite
	$(BIN)/python -m pytest

check: setup  ## format, lint, types, SQL lint, YAML lint, import rules, audit of the lock
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests
	$(BIN)/python -m audit

format: setup  ## rewrite Python files the way `check` wants them
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

dbt-docs: setup  ## dbt's documentation of the built warehouse, as one page that opens from disk
	$(BIN)/python -m warehouse.dbt_docs

guards: setup  ## write docs/guards.md, the guard matrix, again
	GUARDS_PAGE=write $(BIN)/python -m pytest -n 0 -q tests/guards

faults: setup  ## write docs/faults.md, the fault matrix, again (half an hour)
	FAULTS_PAGE=write $(BIN)/python -m pytest -n 0 -q tests/faults/test_faults.py

decade: setup  ## forty simulated quarters, each held against the oracle
	DECADE_QUARTERS=40 $(BIN)/python -m pytest -n 0 -o timeout=7200 tests/decade/test_decade.py

lake: setup  ## the build database as a DuckLake, three writers at once, against the one file (needs PostgreSQL)
	LAKE_TEST=1 $(BIN)/python -m pytest -n 0 tests/end_to_end/test_lake.py

scheduler-test: setup  ## the DAGs under a real airflow standalone (SCHEDULER_DATABASE=postgresql: on PostgreSQL)
	SCHEDULER_TEST=1 $(BIN)/python -m pytest -n 0 tests/end_to_end/test_scheduler.py

compose-test: setup  ## every service of docker-compose.yml on this machine, wired as the file says (needs PostgreSQL and nginx)
	COMPOSE_TEST=1 $(BIN)/python -m pytest -n 0 tests/end_to_end/test_compose_services.py

fuzz: setup  ## 100,000 damaged bodies against every reader
	$(BIN)/python tests/fuzz/run_fuzz.py --inputs $(or $(FUZZ_INPUTS),100000)

chaos: setup  ## kill runs CHAOS_KILLS times (100) from number CHAOS_FIRST on, CHAOS_WORKERS at once; then at every line that writes
	PYTHONPATH=. $(BIN)/python tests/reliability/chaos.py --kills $(or $(CHAOS_KILLS),100) --first $(or $(CHAOS_FIRST),0) --workers $(or $(CHAOS_WORKERS),1) --seed $(or $(CHAOS_SEED),1) --into build/chaos
	CHAOS_LINES=0 $(BIN)/python -m pytest -n 0 -o timeout=7200 tests/reliability/test_kill_lines.py

bench: setup  ## measure, as ratios in one run, into benchmarks/results/
	$(BIN)/python -m benchmarks

bench-peers: setup  ## the other tools for the benchmarks, in benchmarks/.venv
	$(BIN)/python -m benchmarks peers-setup

lock:  ## solve the dependencies again (needs uv)
	uv pip compile pyproject.toml --group dev --generate-hashes --universal --python-version 3.11 \
		--no-strip-extras --no-annotate \
		--custom-compile-command "make lock" --output-file requirements.lock --upgrade
	uv pip compile compose/superset/requirements.in --generate-hashes --universal --python-version 3.11 \
		--no-annotate --custom-compile-command "make lock" --output-file compose/superset/requirements.lock --upgrade
	uv pip compile benchmarks/requirements.in --generate-hashes --universal --python-version 3.11 \
		--no-annotate --custom-compile-command "make lock" --output-file benchmarks/requirements.lock --upgrade

audit-refresh: setup  ## ask OSV and pip what is known against the locked versions (needs the network)
	$(BIN)/python -m audit refresh

secrets:  ## give every secret of the compose stack a random value in .env, where it has none
	$(PYTHON) compose/make_secrets.py

up:  ## start the stack of docker-compose.yml
	docker compose up --build --detach --wait

down:  ## stop it
	docker compose down

clean:  ## remove what was built (not the warehouse in var/)
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
