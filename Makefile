SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup browser demo up down run check sql test test-ui test-undo test-live test-workers torture scenario lint types bench wheel lock lock-check clean

# Passed to tools/run.sh and tools/sql.sh through the environment, so that quotes, spaces and dollar signs arrive as typed.
export TOOLSYNC_RUN_DAG := $(value DAG)
export TOOLSYNC_RUN_FILE := $(value FILE)
export TOOLSYNC_RUN_PARAMS := $(value PARAMS)
export TOOLSYNC_RUN_FORMAT := $(value FORMAT)
export TOOLSYNC_RUN_APPROVE := $(value APPROVE)
export TOOLSYNC_RUN_SITE := $(value SITE)
export TOOLSYNC_SCENARIO := $(value NAME)
export TOOLSYNC_SCENARIO_KEEP := $(value KEEP)
export TOOLSYNC_TEST_SERVER := $(value SERVER)
export TOOLSYNC_TEST_SITE := $(value SITE)
unexport DAG FILE PARAMS FORMAT APPROVE NAME KEEP SERVER SITE SEED TIMES SIZE LARGE

PYTEST_ARGS ?= -n 2 --dist worksteal
# What concerns the database server, and how MySQL is set up for it (tests/support/server.py).
ON_SERVER := tests/conformance tests/running tests/moodle tests/course tests/undo tests/operators tests/checking
SETUPS := "" $(if $(filter mysql%,$(SERVER)),"as it comes")
FETCHED := $(if $(SERVER),.venv/bin/python tools/servers.py fetch "$$TOOLSYNC_TEST_SERVER")

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s%s\n", $$1, $$2 }' Makefile

setup: ## install Debian packages, the virtual environment and the pinned Python packages (PYTHON=python3.12)
	@tools/setup.sh

browser: setup
	@tools/setup.sh browser

demo: setup ## create a demo Moodle database, run the sample users file on it, show the result
	@tools/demo.sh

up: setup ## start Airflow with its web interface, on the demo site or on AIRFLOW_CONN_MOODLE_DB
	@tools/site.sh && . tools/env.sh && .venv/bin/python -m tools.standalone up

down: ## stop Airflow and the demo site, and remove the demo site
	@. tools/env.sh && "$$toolsync_python" -m tools.standalone down

run: ## run one command file: DAG=toolsync_users FILE=path PARAMS='{"simulate": true}' [FORMAT=json] [APPROVE=yes|no] [SITE=science, of several]
	@tools/run.sh

check: export TOOLSYNC_RUN_DAG := toolsync_check
check: ## look whether connection, server, site, rights, cabinet and this machine are as runs need them, and what to do [SITE=science] [FORMAT=json]
	@tools/run.sh

sql: ## print the SQL of a type as it is run, statement by statement: DAG=toolsync_users [FILE=path] [PARAMS='{"allow_rename": true}']
	@tools/sql.sh

test: lint types browser ## everything: ruff, mypy, pytest on a real MariaDB (PYTEST_ARGS='-n 2'); SERVER=mysql-8.4|mariadb-10.6|…: what concerns the server, on that one, see CONTRIBUTING.md; SITE=upgraded: the scenarios on a site that was upgraded for years
ifeq (,$(SERVER))
	@.venv/bin/python -m pytest $(PYTEST_ARGS) $(if $(SITE),tests/conformance)
else
	@$(FETCHED)
	@for setup in $(SETUPS); do \
	  echo "make test: $$TOOLSYNC_TEST_SERVER$${setup:+, $$setup}"; \
	  TOOLSYNC_TEST_SETUP="$$setup" .venv/bin/python -m pytest $(PYTEST_ARGS) $(ON_SERVER); \
	done
endif

test-ui: browser ## every page of the Tool Sync page in a browser, against an Airflow started for it; screenshots in .local/screenshots
	@.venv/bin/python -m pytest -m whole_ui tests/ui

torture: setup ## attack runs for minutes: kills, power cuts, lost connections, pairs, random files [TIMES=10 as often as make test] [SEED=1234] [TESTS=path]
	@.venv/bin/python -m tests.torture --seed "$(SEED)" --times "$(TIMES)" --tests "$(TESTS)" -- $(PYTEST_ARGS)

test-undo: setup ## every scenario, run and undone again, chains and exports of all versions, for minutes; make test undoes one in six, and leaves Moodle 5.0 out
	@TOOLSYNC_EVERY=1 .venv/bin/python -m pytest -n 2 tests/conformance tests/undo tests/export

test-live: setup ## what only a whole Airflow shows, for minutes: watched inboxes and a kill, the day's work
	@TOOLSYNC_LIVE=1 .venv/bin/python -m pytest -s tests/live

test-workers: setup ## a distributed Airflow, for minutes: Celery, Redis, PostgreSQL, two workers without a common disk, the cabinet in an object store
	@tools/setup.sh workers
	@TOOLSYNC_WORKERS="$(CURDIR)/.local/workers-venv" .venv/bin/python -m pytest -s tests/workers

scenario: setup ## one scenario, and where its rows differ from Moodle's: NAME=users-update [KEEP=1 leaves the database server running] [SERVER=mysql-8.4|mariadb-10.6|…] [SITE=upgraded]
	@$(FETCHED)
	@.venv/bin/python -m tests.conformance "$$TOOLSYNC_SCENARIO" $${TOOLSYNC_SCENARIO_KEEP:+--keep}

lint: setup ## ruff, with Airflow's rules, and import-linter
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet . || { echo "make lint: files are not formatted; run .venv/bin/ruff format ." >&2; exit 1; }
	@PYTHONPATH=plugins .venv/bin/lint-imports --no-logo --cache-dir .local/import-linter

types: setup ## mypy
	@.venv/bin/mypy

# The words that follow `bench` on the command line are names of benchmarks, not targets.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
BENCHMARKS := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
ifneq (,$(BENCHMARKS))
.PHONY: $(BENCHMARKS)
$(BENCHMARKS):
	@:
endif
endif

bench: setup ## measure: make bench [live|feed|data_set|package|million|small|undo|accounts|…] [SIZE=10000 lines of a file of live, feed, data_set, package, million, small, undo] [LARGE=1 also what takes minutes] [SERVER=mysql-8.4|mariadb-10.6|…]
	@$(FETCHED)
	@. tools/env.sh && PYTHONPATH="$$PYTHONPATH:$$PWD" .venv/bin/python -m tests.bench $(BENCHMARKS) $(if $(SIZE),--lines "$(SIZE)") $(if $(LARGE),--large)

wheel: setup ## build the package that pip installs, into dist
	@.venv/bin/python -m hatchling build --target wheel --directory dist

lock: setup ## pin the newest versions that requirements*.in allow (needs uv)
	@tools/lock.sh

lock-check: setup ## try whether requirements.in goes beside the providers that others have (needs uv and the network)
	@tools/lock.sh beside

clean: down ## remove everything that the other targets created, except the cabinet
	@rm -rf .venv .local dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
