# Every target works from a fresh clone: it makes .venv, installs what it needs and runs. A second run is quick.

SHELL := /bin/bash
PYTHON ?= python3
TORCH ?= torch==2.13.0
PYTEST_ARGS ?=
MATRIX_ARGS ?=
LONG_TESTS := tests/unit/test_linear_time.py tests/integration/test_maze_model.py \
  tests/unit/algoviz/test_laws.py tests/unit/algoviz/test_loading.py tests/unit/algoviz/test_scene_text.py \
  tests/kernels/test_kernel_compile.py
MINUTES ?= 5
FIGURES := docs/results
WORKERS ?= $(shell cores=$$(nproc); echo $$(( cores < 4 ? cores : 4 )))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test test-matrix test-versions fuzz fuzz-coverage soak test-gpu check lint format type bench docs install clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/base.stamp ## make a maze video with the embedded model
	$(BIN)/vidkit generate attention=haste_xattention

# one thread a worker: two workers took 72 s where one process with two threads took 157 s (1034 tests, 2 busy cores)
test: $(VENV)/dev.stamp ## all tests; those that need a GPU skip without one
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-matrix: ## the tests with every Python 3.11 or newer found here, pyenv's too; MATRIX_ARGS=--help
	$(PYTHON) scripts/test_matrix.py $(MATRIX_ARGS)

# one after the other, also where the first fails; cut off, it goes on when it is called again
test-versions: ## the unit tests with the lowest and the newest versions of dependencies; for once a week
	status=0; each="--each --record $(FIGURES)/versions.json"; \
	$(PYTHON) scripts/test_matrix.py --lowest --only 3.11 $$each $(MATRIX_ARGS) -- tests/unit || status=1; \
	$(PYTHON) scripts/test_matrix.py --torch newest --only newest $$each $(MATRIX_ARGS) -- tests/unit || status=1; \
	exit $$status

fuzz: $(VENV)/dev.stamp ## minutes of broken and of long files for every reader, and a few kills of every long command
	OMP_NUM_THREADS=1 $(BIN)/python scripts/fuzz_readers.py --minutes $(MINUTES) --record $(FIGURES)/fuzz_readers.jsonl
	OMP_NUM_THREADS=1 $(BIN)/python scripts/long_inputs.py --minutes $(MINUTES) --record $(FIGURES)/long_inputs.jsonl
	OMP_NUM_THREADS=1 $(BIN)/python scripts/fuzz_traces.py --seconds 60 --count 20000
	OMP_NUM_THREADS=1 $(BIN)/python scripts/soak.py --kills 3 --signals 2 --items 100 --record $(FIGURES)/soak.jsonl

fuzz-coverage: $(VENV)/dev.stamp ## broken files led by coverage, with atheris (installed on its own)
	$(PIP) install atheris
	OMP_NUM_THREADS=1 $(BIN)/python scripts/fuzz_coverage.py --minutes $(MINUTES)

soak: $(VENV)/dev.stamp ## hours: 50 kills of every long command, 1,000 videos and generations, an hour of broken files, long tests
	OMP_NUM_THREADS=1 $(BIN)/python scripts/fuzz_readers.py --minutes 60 --seed 2 --record $(FIGURES)/fuzz_readers.jsonl
	OMP_NUM_THREADS=1 $(BIN)/python scripts/soak.py --kills 50 --items 1000 --record $(FIGURES)/soak.jsonl
	VIDKIT_LONG_TESTS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(LONG_TESTS)

test-gpu: $(VENV)/dev.stamp ## the tests that need a CUDA device
	$(BIN)/python -m pytest -m cuda $(PYTEST_ARGS)

check: lint type test ## everything that has to pass before a commit

lint: $(VENV)/dev.stamp ## style, without changing files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/dev.stamp ## bring files into the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: $(VENV)/dev.stamp ## mypy --strict on vidkit
	$(BIN)/mypy

bench: $(VENV)/base.stamp ## start-up and demo to docs/results/, attention and frame selection to outputs/bench/
	$(BIN)/python scripts/bench_startup.py
	$(BIN)/python scripts/bench_demo.py
	$(BIN)/vidkit bench attention
	$(BIN)/vidkit bench select-frames

docs: $(VENV)/base.stamp ## renew the generated pages, check links and commands
	$(BIN)/python scripts/make_docs.py
	$(BIN)/python scripts/check_docs.py

install: $(VENV)/dev.stamp ## only set .venv up
	@echo "ready: source $(BIN)/activate"

clean: ## remove .venv, caches and build products; outputs/ stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch comes first and by itself: an installed or pre-placed build is taken, and what follows does not replace it
$(VENV)/torch.stamp:
	@command -v $(PYTHON) > /dev/null || { \
	  echo "error: '$(PYTHON)' was not found"; \
	  echo "hint: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: vidkit needs Python 3.11 or newer, '$(PYTHON)' is $$($(PYTHON) -V 2>&1)"; \
	  echo "hint: name a newer one: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
	  echo "error: '$(PYTHON)' cannot make virtual environments"; \
	  echo "hint: on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@echo "installing $(TORCH); the first time this takes minutes"
	$(PIP) install '$(TORCH)'
	@touch $@

$(VENV)/base.stamp: $(VENV)/torch.stamp pyproject.toml
	$(PIP) install -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/torch.stamp pyproject.toml
	$(PIP) install -e '.[dev]'
	@touch $@ $(VENV)/base.stamp
