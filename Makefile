# Energy Credit Exchange Hub. `make help` lists everything; each target gets what it needs by itself.
SHELL := /bin/sh
PY    := .venv/bin/python
UV    := .venv/bin/uv
HUB   := .venv/bin/hub
PAGE  := hub/gateway/static/graphiql/index.html

.PHONY: help setup graphiql demo test test-long test-federation coverage mutation equality test-all lint format sdl docs bench bench-quick clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 20

.venv/.synced: pyproject.toml uv.lock
	@test -x $(UV) || (python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check uv)
	@$(UV) sync --frozen --quiet
	@touch $@

setup: .venv/.synced ## make .venv from uv.lock

$(PAGE): .venv/.synced $(wildcard hub/gateway/graphiql/source/*) hub/gateway/graphiql/build.mjs hub/gateway/graphiql/package-lock.json
	@$(PY) -m hub.gateway.graphiql_build || echo "GraphiQL was not built (no npm registry?): the demo goes on without it."

graphiql: $(PAGE) ## bundle GraphiQL

demo: .venv/.synced $(PAGE) ## three platforms, one question, four askers; stays up on a terminal
	@if [ -t 0 ] && [ -t 1 ]; then $(HUB) demo; else $(HUB) demo --once; fi

test: .venv/.synced ## all tests, on SQLite and a real PostgreSQL
	$(PY) -m pytest -q -n 2 --dist loadgroup -m "not npm and not long"

test-federation: .venv/.synced ## composers and gateways from npm
	$(PY) -m pytest -q -m "npm and not browser"

test-browser: .venv/.synced ## the bundled GraphiQL in Debian's chromium
	$(PY) -m pytest -q -m browser

coverage: .venv/.synced ## every branch of the plan and of the compiled executor, by their own tests
	$(PY) -m tests.coverage_of_plan

mutation: .venv/.synced ## make every decision wrong once: a test must notice
	$(PY) -m tests.mutation --jobs 2

equality: .venv/.synced ## a million random documents: both executors must say the same (hours)
	$(PY) -m tests.equality --documents 1000000 --jobs 2

test-long: .venv/.synced ## more of what is tested in every run: every planted leak, ten times the questions to two hubs
	$(PY) -m pytest -q -n 2 --dist loadgroup -m long
	$(PY) -m tests.interference --requests 100000

test-all: test test-long coverage mutation test-federation test-browser ## everything

lint: .venv/.synced ## format, ruff, mypy, import contracts
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m hub.docs --check

format: .venv/.synced ## format and mend what can be mended
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

sdl docs: .venv/.synced ## rewrite schema/*.graphql and the generated pages under docs/
	$(PY) -m hub.docs

bench: .venv/.synced ## measure beside peers from npm, as ratios in one run
	$(PY) -m bench

bench-quick: .venv/.synced ## the same with 3 short rounds
	$(PY) -m bench --quick

clean: ## remove what was made, not what was kept in var/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache hub/gateway/static/graphiql
