# The one door for people and CI. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
export PYTHONWARNINGS ?= default

.PHONY: test-agent test-api bench-api bench-load bench-soak bench-net bench-ab bench-report help setup demo up down test test-unit test-web check bench bench-turn bench-tts bench-stt models proto web docs clean bench-agent

help: ## List the targets
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F':.*?## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## Install the locked Python environment (uv comes along if it is missing)
	@scripts/setup

models: setup ## Fetch and verify the models that the settings ask for
	@$(PY) -m model_store fetch

web: setup ## Install and build the web client
	@scripts/web

up: setup web models ## Start the whole stack without containers; Ctrl-C stops it
	@$(PY) -m stack up

down: ## Stop a stack that `make up` started
	@$(PY) -m stack down

demo: setup web models ## Hold a spoken conversation with the real stack (WAV=file, DEMO_ONCE=1)
	@$(PY) -m stack demo

check: setup ## Format, lint, types, contracts of imports, proto and configs
	@scripts/check

test-unit: setup models ## Unit and contract tests, four to five minutes
	@$(PY) -m pytest tests/unit tests/contract

test: setup web models ## Every test: unit, contract, web and the end-to-end ones on the real stack
	@scripts/test

test-web: setup web models ## The web client alone: its checks, unit tests, and the page in Chromium
	@scripts/test-web

test-agent: setup models ## The agent alone, in calls over the real stack
	@$(PY) -m pytest tests/e2e/agent

test-api: setup ## The control API alone: unit, contract and end-to-end tests, 2,000 generated requests
	@scripts/test-api

bench: setup models ## Turn latency of a conversation with the running stack
	@$(PY) -m bench

bench-turn: setup models ## Turns of calls beside WhisperLive and Piper's HTTP server (BENCH_SIDES)
	@$(PY) -m bench.calls turn

bench-load: setup models ## Calls at once, calls that arrive, bare streams beyond what fits
	@$(PY) -m bench.calls load
	@$(PY) -m bench.calls streams

bench-soak: setup models ## Calls for an hour (BENCH_SOAK_MINUTES): memory, descriptors, drift
	@$(PY) -m bench.calls soak

bench-net: setup models ## Turns over a bad network, in a namespace; takes root
	@$(PY) -m bench.calls net

bench-ab: setup models ## Turns beside those of an earlier commit: BENCH_EARLIER=commit
	@BENCH_SIDES=ours,earlier $(PY) -m bench.calls turn

bench-report: setup ## Write docs/benchmarks.md from the raw files in bench/results
	@$(PY) -m bench.report

bench-tts: setup models ## Synthesis beside Piper's own HTTP server (PARTS="length cancel" for some)
	@$(PY) -m bench.tts $(PARTS)

bench-stt: setup models ## Streamed recognition beside faster-whisper and WhisperLive (PARTS=alone,peer,plain,words,load,peer_load,memory)
	@$(PY) -m bench.stt

bench-agent: setup models ## Failures, interruptions and sounds over the agent, on a stack of its own
	@$(PY) -m bench.agent

bench-api: setup ## Join tokens of the control API on one core
	@$(PY) -m bench.api

proto: setup ## Generate the Python modules of the contract
	@$(PY) proto/generate.py

docs: setup ## Regenerate the generated pages of docs/
	@$(PY) scripts/gen_docs.py

clean: ## Remove what was built in the tree (the cache outside stays)
	@rm -rf .venv .run web/node_modules web/dist .mypy_cache .pytest_cache .ruff_cache
