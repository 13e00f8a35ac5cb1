# Every target does its own set-up: a Python 3.11 (or later) with venv and this make are all that is needed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
TORCH  := $(VENV)/.installed-torch
CUDA   := $(VENV)/.installed-cuda
WHEEL  := build/wheel-venv
PIP    := -m pip install --quiet --disable-pip-version-check

# Lanes that `make test` leaves out, because they need something that is not everywhere or take long.
LEFT_OUT := not random and not torch and not cuda and not cuda_offline and not browser and not fuzz and not checkers
# Kernels compiled once serve every lane, the installed wheel included.
export SHAPEWRIGHT_CACHE ?= $(CURDIR)/build/kernels

.PHONY: help setup demo test test-random test-checkers test-reference test-torch test-cuda test-cuda-archs test-gpu lint format typecheck fuzz bench bench-gpu wheel-test docs clean
.DEFAULT_GOAL := help

help:
	@echo "make demo        train a typed MLP on scikit-learn's digits, eager and compiled, and show the kernels"
	@echo "make test        every test but the random, checkers, torch, cuda, browser and fuzz lanes"
	@echo "make test-random  200 random programs, compiled with and without fusion, against the references"
	@echo "make test-checkers  programs under five type checkers, with exact outcomes"
	@echo "make test-reference  the same with typed calls judged by jaxtyping and beartype alone"
	@echo "make test-torch  the comparisons with PyTorch (installs torch)"
	@echo "make test-cuda   compile every kernel for CUDA without a GPU (installs numba-cuda); test-cuda-archs: more GPUs"
	@echo "make test-gpu    everything that needs an NVIDIA GPU, with a summary"
	@echo "make lint | typecheck | format | fuzz | bench | bench-gpu | wheel-test | docs | clean"

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no python3.11 found; install it, or say make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) -e '.[dev,data]'
	touch $@

$(CUDA): $(STAMP)
	$(BIN)/python $(PIP) 'numba-cuda[cu13]==0.30.*' 'cuda-toolkit==13.0.*'
	touch $@

$(TORCH): $(STAMP)
	$(BIN)/python $(PIP) torch==2.13.0
	touch $@

setup: $(STAMP)

demo: $(STAMP)
	$(BIN)/python -m shapewright demo

test: $(STAMP)
	@echo "lanes left out: random (make test-random), checkers (make test-checkers), torch (make test-torch), cuda_offline (make test-cuda), cuda (make test-gpu), browser, fuzz (make fuzz)"
	$(BIN)/pytest -rs -m "$(LEFT_OUT)"

test-random: $(STAMP)
	$(BIN)/pytest -rs -m random

test-checkers: $(STAMP)
	$(BIN)/pytest -rs -m checkers

# No check of ours decides: jaxtyping and beartype judge every typed call. All tests, or the WHERE that are given.
test-reference: $(STAMP)
	SHAPEWRIGHT_CHECKER=reference $(BIN)/pytest -rs -m "$(LEFT_OUT)" $(WHERE)

test-torch: $(TORCH)
	$(BIN)/pytest -rs -m torch

test-cuda: $(CUDA)
	NUMBA_ENABLE_CUDASIM=0 $(BIN)/pytest -rs -m "cuda_offline and not slow"

test-cuda-archs: $(CUDA)
	NUMBA_ENABLE_CUDASIM=0 SHAPEWRIGHT_ARCHS=sm_80,sm_90,sm_100 $(BIN)/pytest -rs -m cuda_offline

test-gpu: $(CUDA)
	$(BIN)/python $(PIP) -e '.[cuda13]'
	NUMBA_ENABLE_CUDASIM=0 $(BIN)/python -m tests.cuda.gpu

lint: $(STAMP)
	status=0; $(BIN)/ruff check || status=1; $(BIN)/ruff format --check || status=1; exit $$status

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

typecheck: $(STAMP)
	status=0; $(BIN)/pyright --pythonpath $(BIN)/python || status=1; $(BIN)/mypy || status=1; exit $$status

fuzz: $(STAMP)
	$(BIN)/pytest -rs -m fuzz

bench: $(TORCH)
	$(BIN)/python $(PIP) 'jax>=0.6'
	$(BIN)/python benchmarks/cpu.py

bench-gpu: $(CUDA)
	$(BIN)/python $(PIP) -e '.[cuda13]' torch==2.13.0 'jax[cuda13]>=0.6'
	NUMBA_ENABLE_CUDASIM=0 $(BIN)/python benchmarks/gpu.py

# The installed wheel, not this checkout: a clean environment, and `pythonpath` emptied.
wheel-test: $(STAMP)
	rm -rf build/dist $(WHEEL)
	$(BIN)/python -m build --outdir build/dist .
	$(PYTHON) -m venv $(WHEEL)
	$(WHEEL)/bin/python $(PIP) "$$(ls build/dist/*.whl)[data]" pytest hypothesis
	$(WHEEL)/bin/python -P -c 'import shapewright, sys; sys.exit("site-packages" not in shapewright.__file__)'
	$(WHEEL)/bin/pytest -rs -o pythonpath= -m "$(LEFT_OUT) and not slow" \
	    --ignore=tests/test_layering.py --ignore=tests/test_packaging.py --ignore=tests/test_readme.py

docs: $(STAMP)
	$(BIN)/python $(PIP) 'mkdocs>=1.6'
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
