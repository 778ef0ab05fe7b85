# Two commands do everything on a machine with only Python 3.11+: `make run` and `make test`.

# An empty environment has no PATH, which make itself and Python's venv need.
export PATH := $(or $(PATH),/usr/local/bin:/usr/bin:/bin)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

# The first interpreter on the PATH that is new enough and can make virtual environments.
# `make PYTHON=/usr/bin/python3.12 test` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
  "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
  && command -v "$$p" && break; done)

.PHONY: setup run test check proof bench profile fleet mutations machines platform-check lambda-zip sbom lock
.DEFAULT_GOAL := setup

setup: $(VENV)/.installed

$(VENV)/.installed: $(VENV)/.dependencies pyproject.toml
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dependencies: requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "No Python found that is 3.11 or newer and has venv. Install one \
	(on Debian: python3 and python3-venv), or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up $(VENV): once, later runs are immediate"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(PIP) --require-hashes --requirement requirements-dev.txt || { echo "The packages of \
	requirements-dev.txt could not be installed: the first set-up needs a package index to reach." >&2; exit 1; }
	@touch $@

run: setup
	@$(BIN)/astropiks dev

test: setup
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Long proofs and figures, not part of the tests.
mutations: setup
	MUTATIONS=100000 $(BIN)/python -m pytest -q -k "any_change"

# Several processes, a real Redis and real signals: prints the figures.
machines: setup
	$(BIN)/python -m pytest -q tests/machines

# What a Heroku-style platform does with a clean clone of the last commit, and Docker with the files.
platform-check: setup
	PLATFORM_CHECK=1 $(BIN)/python -m pytest -q tests/machines/test_platform.py tests/deploy/test_container.py

# All the evidence, in full: the whole suite, long forms included, searched for secrets that come
# out, and docs/proof.md from it.
proof: setup
	rm -rf .proof
	PROOF=.proof MUTATIONS=100000 PLATFORM_CHECK=1 $(BIN)/python -m pytest -q -p tests.proof.leaks
	$(BIN)/python -m tests.proof.report .proof

# The figures and the plot of docs/performance.md.
bench: setup
	$(BIN)/python -m benchmarks.attestation
	$(BIN)/python -m benchmarks.hits --output docs

# Where the time of a hit goes.
profile: setup
	$(BIN)/python -m benchmarks.profile_hits

# The figures and the plot of docs/capacity.md.
fleet: setup
	$(BIN)/python -m benchmarks.fleet --output docs

# The AWS Lambda authorizer of gateways/aws_lambda/, without compiled parts: same bytes every time.
lambda-zip: setup
	@$(BIN)/python -m gateways.aws_lambda.package gateways/aws_lambda/authorizer.zip

# What a deployment consists of, as CycloneDX: anew after `make lock`.
sbom: setup
	$(BIN)/python -m tests.proof.supply.sbom docs/sbom.cdx.json

# Renew the locked files from pyproject.toml: versions and hashes, no index address.
lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --output-file requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra aws --constraint requirements.txt \
	  --output-file requirements-aws.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --extra otel --constraint requirements.txt \
	  --output-file requirements-otel.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --group dev --constraint requirements.txt \
	  --output-file requirements-dev.txt pyproject.toml
