# Everything starts from Python >= 3.11 and make; nothing is installed outside .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip

.PHONY: try test check lint types bench drawing lock clean

try: $(VENV)/.try  ## set everything up, then open a chat in the browser
	$(BIN)/concertmaster try

test: $(VENV)/.dev  ## set everything up, then pass every test
	$(BIN)/pytest $(TESTS)

check: lint types test

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/pyright

bench: $(VENV)/.dev  ## print every measure as a ratio
	$(BIN)/python -m bench

drawing: $(VENV)/.dev  ## the README's drawing of the graph, made from the code
	$(BIN)/python -m graphs.drawing README.md

lock: $(VENV)/.uv  ## pin what pyproject.toml allows
	$(UV) compile $(LOCK) --group build pyproject.toml -o requirements.lock
	$(UV) compile $(LOCK) --group build --group dev --extra export \
	  -c requirements.lock pyproject.toml -o requirements-dev.lock
LOCK := -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-annotate --no-header

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis

$(VENV)/.uv:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@touch $@

$(VENV)/.try: $(VENV)/.uv requirements.lock
	$(UV) install -q --require-hashes -r requirements.lock
	$(UV) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.uv requirements-dev.lock
	$(UV) install -q --require-hashes -r requirements-dev.lock
	$(UV) install -q --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.try
