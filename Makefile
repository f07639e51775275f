# Everything a fresh machine needs is Python 3.11 and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet

.PHONY: run test lint bench openapi lock clean

## run: install what is missing, then serve on 127.0.0.1:8484 (ARGS="--port 9000")
run: $(VENV)/.installed
	@$(VENV)/bin/dragoman serve $(ARGS)

## test: install what the tests need, then pass them all (ARGS="-k money")
test: $(VENV)/.installed-dev
	@$(VENV)/bin/python -m pytest $(ARGS)

## lint: format check, lint, types, import contracts
lint: $(VENV)/.installed-dev
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/basedpyright && $(VENV)/bin/lint-imports

## bench: compare the service with a raw byte relay (ARGS="--help")
bench: $(VENV)/.installed-dev
	@$(VENV)/bin/python -m bench $(ARGS)

## openapi: write specs/openapi.json from the routes
openapi: $(VENV)/.installed
	@$(VENV)/bin/python -m service.http.openapi specs/openapi.json

## lock: pin the newest allowed versions, with hashes and without any index address
lock: $(VENV)/.installed-dev
	@$(PIP) install pip-tools
	@for set in requirements requirements-dev; do $(VENV)/bin/pip-compile --quiet --upgrade --generate-hashes \
		--allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--output-file $$set.lock $$set.in; done

clean:
	@rm -rf $(VENV) build *.egg-info

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@
