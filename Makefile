# Every task of the project, by the same name for people and for CI. `make help` lists them.
# PYTHON=python3.12 chooses the interpreter (3.10 to 3.13), VENV=.venv where it is installed.

.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV ?= .venv
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell if [ -x $(VENV)/bin/python ]; then echo $(VENV)/bin/python; else tools/find-python; fi)
endif
VERSION = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
READY = $(VENV)/ready-$(VERSION)
BIN = $(VENV)/bin
PYTEST = PYTHONDEVMODE=1 $(BIN)/python -m pytest
JOBS ?= auto
ARGS ?=

.PHONY: help
help:  ## This list
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# -- environments ---------------------------------------------------------------------------

.PHONY: venv
venv: $(READY)  ## The development environment in .venv, from pinned requirements

$(READY): requirements/dev.txt requirements/uwsgi.txt setup.cfg setup.py pyproject.toml
	@[ -n "$(VERSION)" ] || { echo "no Python 3.10 to 3.13 found: make venv PYTHON=/path/to/python"; exit 1; }
	@case "$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1)" in \
		"$(VERSION)") ;; *) $(PYTHON) -m venv --clear $(VENV);; esac
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/uwsgi.txt \
		|| echo "uWSGI was not built: it needs a C compiler and Python's headers"
	@rm -f $(VENV)/ready-*; touch $@

.PHONY: components
components:  ## What the tests need besides Python: installs the Debian packages that are missing
	@tools/components

.PHONY: pins
pins:  ## Pin requirements/dev.txt anew, for every supported Python
	$(PYTHON) -m venv .venv-pins && .venv-pins/bin/pip install -q uv
	.venv-pins/bin/uv pip compile -q --upgrade --universal --no-header --python-version 3.10 \
		--all-extras setup.cfg requirements/dev.in -o requirements/dev.txt

.PHONY: clean
clean:  ## Remove whatever the tasks have made
	rm -rf .venv .venv-* build dist docs/_build *.egg-info .coverage .coverage.* htmlcov \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis

# -- every change ---------------------------------------------------------------------------

.PHONY: test-fast
test-fast: venv  ## The tests that take seconds (ARGS are pytest's: make test-fast ARGS="-k tee")
	$(PYTEST) -m "not slow" -n $(JOBS) $(ARGS)

.PHONY: test
test: components venv  ## All tests: real servers, browsers, emulators
	$(PYTEST) -n $(JOBS) $(ARGS)

.PHONY: lint
lint: venv  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: format
format: venv  ## ruff: mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: types
types: venv  ## mypy --strict and pyright, on the package and on what users write
	$(BIN)/mypy
	$(BIN)/mypy tests/typed/example.py
	$(BIN)/pyright

.PHONY: docs
docs: venv  ## The documentation in docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

.PHONY: check
check:  ## What CI runs: test, lint, types, docs, bench-bars
	.ci/run

# -- now and then ---------------------------------------------------------------------------

.PHONY: demo
demo: .venv-demo/ready  ## See it work: a small API, a few hundred requests, what was recorded
	.venv-demo/bin/python -m wsgi_apimetrics demo $(ARGS)

.PHONY: screenshots
screenshots: components venv  ## The pictures of the inspector in docs/screenshots, taken anew
	PYTHONPATH=tests $(BIN)/python tools/screenshots.py

.venv-demo/ready: setup.cfg setup.py pyproject.toml requirements/dev.txt
	@[ -n "$(VERSION)" ] || { echo "no Python 3.10 to 3.13 found: make demo PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv --clear .venv-demo
	.venv-demo/bin/python -m pip install -q --disable-pip-version-check -c requirements/dev.txt -e '.[demo,cli,inspector]'
	@touch $@

.PHONY: test-all-pythons
test-all-pythons: components  ## All tests on each of Python 3.10 to 3.13
	@for version in 3.10 3.11 3.12 3.13; do \
		python=$$(tools/find-python $$version) || { echo "no Python $$version found"; exit 1; }; \
		$(MAKE) --no-print-directory test PYTHON=$$python VENV=.venv-$$version || exit 1; \
	done

.PHONY: test-lowest
test-lowest:  ## The fast tests with the oldest dependencies that setup.cfg allows (Python 3.10)
	tools/test-lowest $(ARGS)

.PHONY: coverage
coverage: components venv  ## All tests, and which lines and branches they did not reach
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n $(JOBS) $(ARGS)
	$(BIN)/coverage combine -q && $(BIN)/coverage report --show-missing --skip-covered

.PHONY: coverage-all-pythons
coverage-all-pythons: components  ## The same, over all of Python 3.10 to 3.13 together
	@rm -f .coverage .coverage.*; for version in 3.10 3.11 3.12 3.13; do \
		python=$$(tools/find-python $$version) || { echo "no Python $$version found"; exit 1; }; \
		$(MAKE) --no-print-directory venv PYTHON=$$python VENV=.venv-$$version || exit 1; \
		.venv-$$version/bin/coverage run -m pytest -n $(JOBS) $(ARGS) || exit 1; \
	done
	.venv-3.13/bin/coverage combine -q && .venv-3.13/bin/coverage report --show-missing --skip-covered

.PHONY: test-redaction
test-redaction: venv  ## The redaction properties with 20,000 examples each
	$(PYTEST) --hypothesis-profile redaction tests/redaction $(ARGS)

.PHONY: fuzz
fuzz: venv  ## Five minutes of fuzzed bodies and rules (Python 3.11)
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/fuzz.txt
	$(BIN)/python fuzz/redaction.py -max_total_time=300 -max_len=400 $(ARGS)

.PHONY: mutation
mutation: venv  ## Changes to capture and redaction that no test notices
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/mutation.txt
	PYTHONHASHSEED=0 $(BIN)/python tools/mutation.py $(ARGS)

.PHONY: chaos
chaos: venv  ## Kill, fill, cut and damage whatever can be, and count what was lost
	PYTHONPATH=tests $(BIN)/python -m chaos.run $(ARGS)

.PHONY: bench
bench: components venv .venv-peers/ready  ## What a request costs, beside the peers: ratios and their bars, docs/explanation
	$(MAKE) bench-redaction
	$(BIN)/python -m bench $(ARGS)

.PHONY: bench-redaction
bench-redaction: venv  ## What redaction costs per exchange, beside jsonpath-ng applied naively
	$(BIN)/python -m pytest -q -p no:randomly bench/redaction --benchmark-enable \
		--benchmark-columns=median,iqr,rounds --benchmark-sort=fullname

.PHONY: bench-quick
bench-quick: venv .venv-peers/ready  ## The same in two minutes; fails at half again a bar
	$(BIN)/python -m bench --quick $(ARGS)

.PHONY: bench-bars
bench-bars: venv .venv-peers/ready  ## The part of it that processor time tells, for CI: half a minute
	$(BIN)/python -m bench --quick request imports peers

.venv-peers/ready: requirements/peers.txt
	$(PYTHON) -m venv --clear .venv-peers
	.venv-peers/bin/python -m pip install -q --disable-pip-version-check -r requirements/peers.txt
	@touch $@

.PHONY: changelog
changelog: venv  ## What the next release will say (ARGS=--yes writes it)
	$(BIN)/towncrier build $(if $(ARGS),$(ARGS),--draft)

.PHONY: dist
dist: venv  ## sdist and wheel, checked, and the wheel tried in an empty environment
	tools/dist $(BIN)/python $(ARGS)
