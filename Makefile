# Needs Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

MINUTES ?= 10

.PHONY: demo test fuzz check docs changelog lock bench soak real-model calibration clean
.DEFAULT_GOAL := test

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
ifdef LOCKED  # exactly the versions of the lock file, checked by hash
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
else
	$(BIN)/python -m pip install --quiet --editable ".[all,ray]" --group dev
endif
	@touch $@

demo: $(READY)  ## play all six scenarios in LangChain and LangGraph with scripted agents
	rm -rf runs/demo
	$(BIN)/allegiance run --adapter langchain --adapter langgraph \
	  --factor relationship=none,bad,good \
	  --model scripted:loyal --model scripted:clumsy --model scripted:inflator \
	  --model scripted:tamperer --model scripted:exfiltrator --model scripted:feigner \
	  --trials 2 --out runs/demo

test: $(READY)  ## all tests, with every framework
	$(BIN)/python -m pytest -n auto

fuzz: $(READY)  ## the property tests with new examples, for MINUTES=10 or until one fails
	$(BIN)/python benchmarks/fuzz.py --minutes $(MINUTES)

real-model: $(READY)  ## a real local language model as the critic (downloads 1.1 GB once)
	$(BIN)/python benchmarks/real_model/main.py --model qwen --temperature 0.7 -- \
	  $(BIN)/allegiance run rubric_grading disk_cleanup \
	  --adapter langchain:agent --adapter langgraph:pipeline \
	  --adapter autogen:round_robin --adapter crewai:sequential \
	  --model openai:{model} --base-url {base_url} --concurrency 1 --set limits.turns=16 --timeout 1200

bench: $(READY)  ## benchmarks: ratios and differences within one run; takes minutes
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/flight.py
	$(BIN)/python benchmarks/frameworks.py
	$(BIN)/python benchmarks/guard.py
	$(BIN)/python benchmarks/serve.py
	$(BIN)/python benchmarks/plugin.py

soak: $(READY)  ## killed runs, runs of 100,000 trials, simulated statistics; takes an hour
	$(BIN)/python benchmarks/kill.py
	$(BIN)/python benchmarks/chaos.py
	$(BIN)/python benchmarks/big_runs.py
	$(BIN)/python benchmarks/coverage.py

calibration: $(READY)  ## check that published rates are recovered, in 120,000 trials
	$(BIN)/python benchmarks/calibration.py --write docs/calibration.md

check: $(READY)  ## linter, formatter, types, import order, and the code blocks of the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/repository/test_layers.py tests/repository/test_docs.py

docs: $(READY)  ## the documentation as a site that opens offline: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

changelog: $(READY)  ## print the changelog's section for the next release
	$(BIN)/towncrier build --draft --version "(next)"

# Python 3.11 on Linux. Versions that are locked stay; UPGRADE=1 renews them. No index address is written:
# the file says what to install, not from where.
LOCK := pip compile pyproject.toml --extra all --extra ray --group dev --python-version 3.11 \
  --python-platform x86_64-manylinux_2_28 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header
lock: $(READY)  ## requirements.lock: every package of the development environment, with hashes
	$(BIN)/uv $(LOCK) $(if $(UPGRADE),--upgrade) --quiet --output-file requirements.lock

clean:
	rm -rf .venv .cache runs dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
