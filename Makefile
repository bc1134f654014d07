# textcx: `make` lists the targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
DATA   ?= ../shared/data
PEERS  ?= ../shared/peers
OUT    ?= out/demo
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help statistics demo test check format lint types layers quality slow bench fuzz train openapi wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: pyproject.toml client/pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ./client -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ./client -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed ## set up and run the main job on the sample; ends with the path of the report
	$(BIN)/textcx analyze sample/feedback.csv --out $(OUT) --overwrite

test: $(VENV)/.dev ## set up and pass the tests, in WORKERS processes (2)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: format lint types layers test ## what CI runs: format, lint, types, layers, tests

format: $(VENV)/.dev ## check the formatting
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev ## check the rules of the house
	$(BIN)/ruff check .

types: $(VENV)/.dev ## check the types
	$(BIN)/mypy

layers: $(VENV)/.dev ## check that imports only go down
	$(BIN)/lint-imports

statistics: $(VENV)/.dev ## how often intervals, arrows, drivers and alarms are right (about half an hour)
	$(BIN)/python -m benchmarks.statistics.run

quality: $(VENV)/.dev ## floors on real labelled data (needs DATA=...)
	TEXTCX_DATA=$(abspath $(DATA)) $(BIN)/python -m pytest -m quality tests/quality

slow: $(VENV)/.dev ## kill, scale and wheel tests
	$(BIN)/python -m pytest -m slow

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ./client -e '.[benchmarks]'
	@touch $@

bench: $(VENV)/.bench ## speed beside the stock pipeline (needs DATA=... PEERS=...; takes half an hour)
	$(BIN)/python -m benchmarks.speed.analyze --data $(DATA) --peers $(PEERS)

fuzz: $(VENV)/.dev ## send the service thousands of odd requests (takes some minutes)
	$(BIN)/python -m benchmarks.service.fuzz

train: $(VENV)/.bench ## train the encoder again (needs DATA=...; takes two hours)
	$(BIN)/textcx train sentiment --data $(DATA) --out out/sentiment --resume

openapi: $(VENV)/.dev ## write docs/openapi.json
	$(BIN)/python -m api docs/openapi.json

wheel: $(VENV)/.dev ## build the wheels of textcx and its client
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist ./client .

clean: ## remove what was made here
	rm -rf $(VENV) out dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
