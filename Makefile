# Everything a person runs here. `make run` and `make test` need Python 3.11 or later and make, nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check control-plane bench screenshots openapi lock clean

PORT ?= 8000
VAR ?= var
CLUSTER ?= practice
ARGS ?=
BIN := .venv/bin
UV := uv==0.13.9
export PORT VAR

help: ## Show what can be run
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start the portal on PORT (8000), all it writes under VAR (var); CLUSTER=practice or real
	@tools/venv $(if $(filter real,$(CLUSTER)),,requirements.lock) requirements-dev.lock
	@exec $(BIN)/python -m portal.cli up --cluster "$(CLUSTER)" --end-with-parent

test: ## Run every test that this machine can run, and say what it could not (ARGS are for pytest)
	@tools/venv requirements-dev.lock
	@exec $(BIN)/python -m pytest -q -n auto --dist loadscope --no-loadscope-reorder $(ARGS)

check: ## Check style, types, imports and that the migrations match the models
	@tools/venv requirements-dev.lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@tools/check-migrations

control-plane: ## Build the real control plane into a cache outside the tree (minutes, once)
	@tools/venv requirements-dev.lock
	@exec $(BIN)/python -m tests.controlplane.build

bench: ## Measure the product on this machine
	@tools/venv requirements-dev.lock
	@exec $(BIN)/python -m bench $(ARGS)

screenshots: ## Take the pictures of the docs anew, from the story in a browser
	@tools/venv requirements-dev.lock
	@MESHDESK_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -q tests/story/test_pages.py

openapi: ## Print the API's OpenAPI document
	@tools/venv requirements.lock requirements-dev.lock
	@exec $(BIN)/flask --app app openapi print

lock: ## Pin every dependency anew, with hashes
	@tools/venv requirements-dev.lock
	@$(BIN)/python -m pip --quiet install --only-binary :all: "$(UV)"
	@UV="$(BIN)/uv" tools/lock

clean: ## Remove what the tools left behind; VAR and its tickets stay
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
