# `make train` and `make test` do everything on a machine with Python 3.11+ and nothing installed.
PYTHON ?= python3
VENV := .venv
NEWEST := .venv-newest
BIN := $(VENV)/bin
ESC10 ?= $(ESC_GPU_ESC10)
RECORDINGS = $(or $(ESC10),$(error this needs real recordings in ESC-50's layout: add ESC10=DIR))
THREADS ?= 2
TIMES ?= 20
SEED ?= $(shell date +%s)
unexport PYTHONDONTWRITEBYTECODE  # with it every process compiles every module anew, the tests' own, too

.PHONY: help setup train test test-newest coverage fuzz notebooks docs audit bench gpu gpu-check gpu-try clean

help:
	@echo "make train   set up .venv and train the demo on the embedded recordings (minutes on two cores)"
	@echo "make test    set up .venv and run the tests"
	@echo "make test-newest  the tests with the newest torch, in .venv-newest; needs 7 GB there"
	@echo "make coverage  the tests, more slowly, and which lines and branches they do not reach; also in htmlcov/"
	@echo "make fuzz    the tests of random tables and options with fresh seeds; TIMES=20 as many examples, SEED=N"
	@echo "make notebooks  run all notebooks and keep their outputs with them (minutes on two cores)"
	@echo "make docs    the documentation as a site in build/site, to be opened there without a server or a network"
	@echo "make audit   known vulnerabilities of the versions in constraints.txt, asked of PyPI"
	@echo "make bench   benchmarks on this machine; ESC10=DIR names real recordings in ESC-50's layout (about an hour)"
	@echo "make gpu     GPU tests and benchmarks with the Python at hand, in under nine minutes; ESC10=DIR as above or the"
	@echo "             embedded recordings, MINUTES=8, OUTPUT=DIR for the results, RESUME=FILE of a run that was cut off"
	@echo "             PARTS=recipe MINUTES=60 trains the recipe with three seeds, and on ESC50=DIR where it is given"
	@echo "make gpu-check  what this machine lacks for it, and which wheels to bring"
	@echo "make gpu-try  all of it on the CPU, as little of each part as there is"

setup: $(VENV)/.installed

$(VENV)/.installed: setup.cfg setup.py pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "esc_gpu needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,benchmarks]'
	touch $@

train: setup
	$(BIN)/accelerate launch --quiet --num_processes 1 --num_machines 1 --mixed_precision no --dynamo_backend no \
		train.py --config configs/demo.yaml --output_dir runs/demo --overwrite

test: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 9 --dist loadfile --no-loadscope-reorder

coverage: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 9 --dist loadfile --no-loadscope-reorder --timeout 900 --cov --cov-report term --cov-report html

# It prints its seed; what it finds it prints with the blob to find it again.
fuzz: setup
	ESC_GPU_FRESH_EXAMPLES=$(TIMES) $(BIN)/python -m pytest -p no:cacheprovider --timeout 0 \
		--hypothesis-seed=$(SEED) tests/config/test_parse_fuzz.py tests/data/recordings/test_table_fuzz.py

notebooks: setup
	$(BIN)/python -m tools.notebooks

# Opened as build/site/index.html. A warning ends it, as does a page that would load something from another site.
$(VENV)/.docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	touch $@

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "build/site/index.html"

# In an environment of its own, with the newest torch that has a torchvision; all else is as in constraints.txt.
$(NEWEST)/.installed: setup.cfg setup.py pyproject.toml constraints.txt
	$(PYTHON) -m venv $(NEWEST)
	grep -vE '^torch(audio|vision)?==' constraints.txt > $(NEWEST)/constraints.txt
	$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(NEWEST)/constraints.txt \
		--editable '.[test,benchmarks]'
	touch $@

test-newest: $(NEWEST)/.installed
	$(NEWEST)/bin/python -m pytest -n auto --maxprocesses 9 --dist loadfile --no-loadscope-reorder

# In an environment of its own: what it needs is none of the pins.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit >=2.10,<3'
	build/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict

bench: setup
	OMP_NUM_THREADS=$(THREADS) $(BIN)/python -m benchmarks.speed.frontends --threads $(THREADS) $(if $(ESC10),--root $(ESC10))
	OMP_NUM_THREADS=$(THREADS) $(BIN)/python -m benchmarks.speed.augmentations --threads $(THREADS) $(if $(ESC10),--root $(ESC10))
	$(BIN)/python -m benchmarks.exactness.frontend_errors $(if $(ESC10),--root $(ESC10))
	$(BIN)/python -m benchmarks.exactness.graphs
	$(BIN)/python -m benchmarks.speed.long_recording
	OMP_NUM_THREADS=$(THREADS) $(BIN)/python -m benchmarks.speed.pipeline --threads $(THREADS) --root $(RECORDINGS) \
		--batches 10 --round-seconds 5 --compile default
	$(BIN)/python -m benchmarks.exactness.two_processes --root $(RECORDINGS)
	$(BIN)/python -m benchmarks.speed.folds_at_once --config configs/logmel.yaml --data.root $(RECORDINGS) \
		--train.epochs 4 --folds '[1,2]'

# The machine with the GPU brings its own Python and torch; nothing is installed.
GPU := $(PYTHON) -m benchmarks.gpu $(if $(ESC10),--root $(ESC10)) $(if $(MINUTES),--minutes $(MINUTES)) \
	$(if $(OUTPUT),--output $(OUTPUT)) $(if $(RESUME),--resume $(RESUME)) $(if $(PARTS),--parts $(PARTS)) \
	$(if $(ESC50),--esc50 $(ESC50)) $(if $(WEIGHTS),--weights $(WEIGHTS))

gpu:
	$(GPU)

gpu-check:
	$(GPU) --check

gpu-try:
	$(GPU) --device cpu --tiny

clean:
	rm -rf $(VENV) $(NEWEST) runs build htmlcov .coverage* .mypy_cache *.egg-info
