# Each target does its own set-up: a virtual environment from any Python >= 3.11, made once and again when
# pyproject.toml or the pinned versions change.

PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
VENV ?= .venv
EXTRAS ?= dev
BIN = $(VENV)/bin
STORM ?= 10000,1
INSTALLED = $(VENV)/.installed
PYTEST = $(BIN)/python -m pytest
PYTEST_PIN ?= &

.PHONY: demo test test-plugin storm snapshots check bench test-all clean

demo: $(INSTALLED)  ## tell the story of one letter on the terminal
	@$(BIN)/mailharness demo

test: $(INSTALLED)  ## every test, two at a time; ARGS="-k imap" chooses
	$(PYTEST) -q -n 2 $(ARGS)

test-plugin:  ## the tests of the pytest plugin on the other pytest that is promised; `make test` has the newest
	@$(MAKE) --no-print-directory test VENV=$(VENV)-pytest8 PYTEST_PIN='pytest>=8,<9' ARGS='tests/plugin $(ARGS)'

storm: $(INSTALLED)  ## 10,000 letters through every fault there is, and none lost; STORM=letters,seed for another one
	STORM=$(STORM) $(PYTEST) -q -o faulthandler_timeout=0 tests/scenarios/test_storm.py

snapshots: $(INSTALLED)  ## write anew what pytest says of tests that fail, to be read in the diff
	SNAPSHOTS=anew $(PYTEST) -q -n 0 tests/reports

check: $(INSTALLED)  ## the house rules: style, types, floors, sizes, words
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict mailharness pytest_plugin
	$(BIN)/lint-imports
	$(BIN)/python -m tests.house.sizes
	$(PYTEST) -q tests/house

bench:  ## the budgets and what was measured, in an environment of its own with the peers to compare with
	@$(MAKE) --no-print-directory VENV=.venv-bench EXTRAS=dev,bench measure

.PHONY: measure
measure: $(INSTALLED)
	$(BIN)/python -m tests.benchmarks $(ARGS)

test-all:  ## the tests on each Python we promise; one that is not on this machine is reported
	@failed=; found=; for version in 3.11 3.12 3.13; do \
		python=; for candidate in python$$version $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python; do \
			if $$candidate -c 'import venv' 2>/dev/null; then python=$$candidate; break; fi; done; \
		if [ -z "$$python" ]; then echo "== Python $$version: not found on this machine, not tested"; continue; fi; \
		found=yes; echo "== Python $$version ($$python)"; \
		$(MAKE) --no-print-directory test VENV=.venv-$$version PYTHON=$$python || failed="$$failed $$version"; \
		$(MAKE) --no-print-directory test-plugin VENV=.venv-$$version PYTHON=$$python || failed="$$failed $$version(pytest-8)"; \
	done; \
	if [ -n "$$failed" ]; then echo "== failed on:$$failed"; exit 1; fi; [ -n "$$found" ]

clean:  ## everything that the targets above made
	rm -rf .venv .venv-* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find mailharness pytest_plugin tests examples -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(INSTALLED): pyproject.toml .ci/constraints.txt
	@[ -n "$(PYTHON)" ] || { echo "no Python >= 3.11 found; say which: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "cannot make $(VENV); on Debian: apt-get install python3-venv"; exit 1; }
	@sed 's/^pytest==.*/$(PYTEST_PIN)/' .ci/constraints.txt > $(VENV)/constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$(EXTRAS)]" -c $(VENV)/constraints.txt
	@touch $@
