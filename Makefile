# Everything a developer runs. `make demo` and `make test` need nothing but Python 3.11 or newer, make and a package
# registry: the virtual environment makes itself, out of the hashes in requirements.lock.

# The first Python that is new enough; a shim of pyenv may stand for one that cannot start
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$python" && break; done)
ARGS ?=
WORKERS ?= auto
VENV ?= .venv

ifeq ($(OS),Windows_NT)
  SCRIPTS := Scripts
else
  SCRIPTS := bin
endif
BIN := $(VENV)/$(SCRIPTS)
LOCAL_UV := .tools/$(SCRIPTS)/uv
FOUND_UV := $(shell test -x "$$UV" && echo "$$UV" || command -v uv 2>/dev/null)
UV := $(or $(FOUND_UV),$(CURDIR)/$(LOCAL_UV))
# The demo and its tests fetch a model with the same installer, which need not be on the PATH
export UV
export COVERAGE_CORE = sysmon
# Tests start hundreds of processes, each of which would compile what it imports
unexport PYTHONDONTWRITEBYTECODE
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup print-python demo run test quick check lint types imports bench integrations binary picture docs site lock format clean

help:  ## print this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: $(READY)  ## make the virtual environment

print-python:
	@echo "$(PYTHON)"

demo: $(READY)  ## run everything on the servers that come with the program
	$(BIN)/ollama-speedrun demo $(ARGS)

run: $(READY)  ## run on the network of this machine, which is scanned
	$(BIN)/ollama-speedrun $(ARGS)

# In the order of tests/conftest.py, where the long files come first
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: $(READY)  ## run the tests
	$(PYTEST) $(ARGS)

# Counting lines costs next to nothing from Python 3.12 on, and doubles the time before
COVERAGE = $(shell $(BIN)/python -c 'import sys; print("--cov=ollama_speedrun --cov-report= --cov-fail-under=93" * (sys.version_info >= (3, 12)))')

quick: $(READY)  ## run the tests that are fast and need no engine, no namespaces, no browser and no PyInstaller
	$(PYTEST) -m "not slow and not demo and not network and not binary and not live and not browser" \
	  $(COVERAGE) $(ARGS)

check: lint types imports  ## everything that CI checks
	$(PYTEST) $(COVERAGE) $(ARGS)

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

bench: $(READY)  ## run every benchmark
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# Not locked and not in CI's check: what other programs do with our exports, by their own newest code
INTEGRATIONS := build/integrations
integrations: $(READY)  ## install LiteLLM, llm and Continue's schema, and let them read our exports
	"$(UV)" venv --quiet --allow-existing --no-python-downloads --python "$(PYTHON)" $(INTEGRATIONS)/venv
	"$(UV)" pip install --quiet --python $(INTEGRATIONS)/venv --requirement requirements.lock litellm llm
	"$(UV)" pip install --quiet --python $(INTEGRATIONS)/venv --no-deps --no-build-isolation --editable .
	! command -v npm || npm install --prefix $(INTEGRATIONS) --no-audit --no-fund --ignore-scripts @continuedev/config-yaml yaml
	$(INTEGRATIONS)/venv/bin/python -m pytest -n 0 $(ARGS) tests/exports/test_programs.py

binary: $(READY)  ## build a standalone executable in dist/
	$(BIN)/python -m PyInstaller --noconfirm --distpath dist --workpath build packaging/ollama-speedrun.spec

picture: $(READY)  ## draw the pictures in README and docs, out of runs
	mkdir -p build
	$(BIN)/ollama-speedrun demo --output build/demo.json
	$(BIN)/python tools/make_terminal_picture.py build/demo.json docs/terminal.svg "ollama-speedrun demo"
	$(BIN)/python tools/run_fleet.py build/fleet.json
	$(BIN)/python tools/make_terminal_picture.py build/fleet.json docs/fleet.svg "ollama-speedrun assess"
	$(BIN)/python tools/write_gallery.py build/fleet.json
	$(BIN)/ollama-speedrun report build/fleet.json --output build/report.html --output docs/card.svg
	$(BIN)/python tools/make_report_picture.py build/report.html docs/report.png

SITE := build/site
site: docs/requirements.lock $(READY)  ## build the documentation site in build/site
	"$(UV)" venv --quiet --allow-existing --no-python-downloads --python "$(PYTHON)" .venv-docs
	"$(UV)" pip sync --quiet --python .venv-docs --require-hashes docs/requirements.lock
	NO_MKDOCS_2_WARNING=true .venv-docs/$(SCRIPTS)/mkdocs build --strict --clean --site-dir $(SITE)
	@echo "$(SITE)/index.html"

docs: $(READY)  ## write the pages that are generated
	$(BIN)/python tools/write_cli_docs.py

lock: $(READY)  ## resolve the dependencies again
	"$(UV)" lock --upgrade
	"$(UV)" export --quiet --format requirements.txt --all-extras --group dev --no-emit-project --no-header \
	  --no-annotate --output-file requirements.lock
	"$(UV)" export --quiet --format requirements.txt --only-group docs --no-emit-project --no-header \
	  --no-annotate --output-file docs/requirements.lock

format: $(READY)  ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove everything that make made
	rm -rf .venv .venv-* .tools build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements.lock pyproject.toml | $(if $(FOUND_UV),,$(LOCAL_UV))
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	"$(UV)" venv --quiet --allow-existing --no-python-downloads --python "$(PYTHON)" "$(VENV)"
	"$(UV)" pip sync --quiet --python "$(VENV)" --require-hashes requirements.lock
	"$(UV)" pip install --quiet --python "$(VENV)" --no-deps --no-build-isolation --editable .
	@touch $@

$(LOCAL_UV):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	"$(PYTHON)" -m venv .tools
	.tools/$(SCRIPTS)/python -m pip install --quiet "uv>=0.9,<1"
