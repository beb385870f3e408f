# callcue: everything a developer runs. `make` alone lists the targets.

# The first Python that is new enough; override with `make PYTHON=...`.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$python; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PBX := asterisk-conf/test-pbx/pbx

# Who measures has the machine for itself; the others mostly wait. Of those with an Asterisk one
# process has one version of it.
FAST := not asterisk and not mariadb and not alone
REAL := (asterisk or mariadb) and not alone
TWO_FILES := -n 2 --dist loadfile
TWO_VERSIONS := -n 2 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help venv run test test-fast check format lock clean compose-test bench soak

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

venv: $(STAMP) ## create .venv and install the pinned dependencies and callcue

run: $(STAMP) ## a real Asterisk, its test PBX and the service; Ctrl-C ends them all
	@$(PBX) -- $(BIN)/callcue serve --demo

test: $(STAMP) ## every test, those against a real Asterisk included
	$(BIN)/pytest -m "$(FAST)" $(TWO_FILES)
	$(BIN)/pytest -m "$(REAL)" $(TWO_VERSIONS)
	$(BIN)/pytest -m alone

test-fast: $(STAMP) ## only the tests that need no Asterisk and no MariaDB
	$(BIN)/pytest -m "$(FAST)" $(TWO_FILES)
	$(BIN)/pytest -m "alone and not asterisk and not mariadb"

compose-test: $(STAMP) ## build docker/ and listen to it; with an engine of our own where there is no Docker
	docker/lab $(BIN)/pytest tests/compose/*_in_containers.py tests/compose/alone_in_a_container.py
	$(BIN)/pytest tests/compose/nothing_is_left.py

bench: $(STAMP) ## figures beside raw AMI and ARI, into docs/performance.md; QUICK=1 only shows some
	$(BIN)/python -c 'import matplotlib' 2>/dev/null || \
		$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[bench]'
	PYTHONPATH=tests $(BIN)/python -m bench $(if $(QUICK),--quick)

soak: $(STAMP) ## random commands on twenty calls, then rounds of chaos; SOAK='--seed 2 --rounds 60'
	PYTHONPATH=tests $(BIN)/python -m soak $(SOAK)

check: $(STAMP) ## lint, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(STAMP) ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(STAMP) ## remake constraints.txt from pyproject.toml
	UV_NO_CONFIG=1 $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--extra dev --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command 'make lock' --output-file constraints.txt pyproject.toml

clean: ## remove the virtual environment and what the tools left behind
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; install one or name it: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "make: $(PYTHON) is missing or older than Python 3.11" >&2; exit 1; }
	@# Debian ships venv without ensurepip: its own package adds that.
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory .install-venv-package
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: .install-venv-package
.install-venv-package:
	@command -v apt-get >/dev/null || { echo "make: $(PYTHON) has no venv module and there is no apt-get to install it with" >&2; exit 1; }
	@package="$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
	as_root=; test "$$(id -u)" = 0 || as_root=sudo; \
	install="$$as_root apt-get install -y -q -o DPkg::Lock::Timeout=120"; \
	$$install "$$package" || \
		{ $$as_root apt-get update -q && $$install "$$package"; } || \
		{ echo "make: could not install $$package, which $(PYTHON) needs for a virtual environment" >&2; exit 1; }
