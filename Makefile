# Every target does its own set-up: a virtual environment in .venv with the locked dependencies.
.PHONY: demo run ask test test-heavy test-browser test-hostile test-model check chaos bench waiting compat longcontext format clean setup
.DEFAULT_GOAL := help

SHELL := /bin/bash
BIN := .venv/bin
STAMP := .venv/.installed
JOBS ?= auto

help:
	@echo "make demo         an agent answers questions over millions of characters, with a real local model"
	@echo "make run          a server with a page in the browser where you talk with agents; a model is pulled if need be"
	@echo "make ask Q=… F=…  ask a question Q about a file or folder F"
	@echo "make test         the tests, those below aside"
	@echo "make test-heavy   some of the kill matrix, programs made at random, chats at a terminal, files that are followed, the API against its description, load, secrets, rates"
	@echo "make test-hostile the hostile programs, on both engines, with and without lowering"
	@echo "make test-browser the console in a real browser"
	@echo "make test-model   the tests that need the real model"
	@echo "make check        formatting, lint, types, directions of import"
	@echo "make chaos        workers killed at every write, at random moments, and under restarts of Postgres"
	@echo "make waiting      ten thousand sessions that wait for a person: memory, times, bytes"
	@echo "make compat       how much of models' Python each sandbox engine runs"
	@echo "make bench        what it all costs, side by side with rlms, LangGraph and DBOS (half an hour)"
	@echo "make longcontext  the long-context benchmark (hours on two cores; MINUTES=n stops it earlier)"

$(STAMP): pyproject.toml uv.lock scripts/setup
	@scripts/setup

setup: $(STAMP)

demo: $(STAMP)
	@scripts/demo

run: $(STAMP)
	@scripts/run

ask: $(STAMP)
	@test -n "$(Q)" || { echo 'Say what to ask, as in: make ask Q="Who wrote it?" F=big.txt'; exit 2; }
	@$(BIN)/greatwheel ask "$(Q)" $(if $(F),--file "$(F)")

test: $(STAMP)
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal -m "not model and not hostile and not browser and not heavy" tests

test-heavy: $(STAMP)
	$(BIN)/pytest -q -n $(JOBS) -m heavy tests/integration tests/acceptance

test-hostile: $(STAMP)
	$(BIN)/pytest -q -n $(JOBS) -m hostile tests/contract

test-browser: $(STAMP)
	@scripts/chromium
	$(BIN)/pytest -q -n $(JOBS) --dist loadfile -m "browser and not model" tests/browser

test-model: $(STAMP)
	$(BIN)/greatwheel models pull smollm2:135m
	$(BIN)/greatwheel models pull qwen2.5-coder:1.5b
	$(BIN)/pytest -q -m model --ignore tests/browser tests
	@scripts/chromium
	$(BIN)/pytest -q -m model tests/browser  # by itself: the browser's driver keeps an event loop in its thread

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/uv sync -q --locked --inexact --extra embedded --group bench
	$(BIN)/python -m greatwheel.bench.overhead
	$(BIN)/python -m greatwheel.bench.durable
	$(BIN)/python -m greatwheel.bench.durable --only calls --processors 1
	$(BIN)/python -m greatwheel.bench.waiting --sessions 10000
	$(BIN)/python -m greatwheel.bench.load --seconds 60

chaos: $(STAMP)
	$(BIN)/python -m greatwheel.testing.chaos $(CHAOS)

waiting: $(STAMP)
	$(BIN)/python -m greatwheel.bench.waiting

compat: $(STAMP)
	$(BIN)/python -m greatwheel.bench.compat

longcontext: $(STAMP)
	$(BIN)/uv sync -q --locked --inexact --extra embedded --group bench
	benchmarks/longcontext/run $(if $(MINUTES),--minutes $(MINUTES))

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
