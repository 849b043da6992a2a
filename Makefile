# `make run` and `make test` do all the set-up; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test check bench bench-checks faults screenshots install install-dev accounts lock format samples-check clean

PYTHON ?= $(shell scripts/find-python)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
# Workers of the test run; the browser and sandbox tests leave little room for more than cores.
TEST_JOBS ?= $(shell nproc)
PYTEST_ARGS ?=
BENCH_ARGS ?=
FAULTS_ARGS ?=
BENCH_CHECKS_ARGS ?=

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

run: install ## Set up everything and start the site with its workers on one machine
	@scripts/system-package bwrap bubblewrap || true
	@PORT=$(PORT) $(BIN)/python -m annotator.config.start || { status=$$?; [ $$status = 130 ] || exit $$status; }

test: install-dev ## Run the whole test suite
	@scripts/system-package bwrap bubblewrap
	@scripts/system-package chromium chromium
	$(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadgroup $(PYTEST_ARGS)

check: install-dev ## Lint, types, templates, import arrows, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/djade --check $$(git ls-files 'templates/*.html')
	DJANGO_SETTINGS_MODULE=annotator.config.settings.test $(BIN)/python -W ignore manage.py makemigrations --check --dry-run

bench: install-dev ## Measure the site in a browser against its goals (BENCH_ARGS=--quick for less)
	@scripts/system-package chromium chromium
	$(BIN)/python -m bench $(BENCH_ARGS)

bench-checks: install-dev ## Spoil good annotations in many ways, and count what the checks catch
	@scripts/system-package bwrap bubblewrap
	$(BIN)/python -m bench_checks $(BENCH_CHECKS_ARGS)

faults: install-dev ## Break things at random during a validation, and see that no run minds
	@scripts/system-package bwrap bubblewrap
	$(BIN)/python -m faults $(FAULTS_ARGS)

screenshots: install-dev ## Make the screenshots in docs/ again, from the sample batch
	@scripts/system-package bwrap bubblewrap
	@scripts/system-package chromium chromium
	$(BIN)/python -m tests.screenshots

install: $(VENV)/.installed-runs ## Make the environment for running the site
install-dev: $(VENV)/.installed-dev ## Make the environment for developing it

accounts: install ## Show the accounts that the first start made
	@$(BIN)/python manage.py accounts

samples-check: install-dev ## Execute every recorded command of the sample trajectories again
	$(BIN)/python samples/record.py --check
	$(BIN)/python samples/record.py --javascript --check

format: install-dev ## Format code and templates
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djade $$(git ls-files 'templates/*.html')

lock: install ## Compile requirements/*.txt from pyproject.toml
	scripts/lock

clean: ## Remove the environment and caches; the data folder stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './data/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Retrace needs Python 3.11 or 3.12 with its venv module (Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) has no working venv module (Debian: apt-get install python3-venv)." >&2; exit 1; }

$(VENV)/.installed-runs: requirements/runs.txt | $(BIN)/python
	@echo "Installing $< into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

# What tests and checks need contains what the site needs.
$(VENV)/.installed-dev: requirements/dev.txt | $(BIN)/python
	@echo "Installing $< into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@ $(VENV)/.installed-runs
