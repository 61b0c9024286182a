# Two commands do everything on a fresh machine: `make demo` and `make test`.
VENV ?= .venv
BASE_PYTHON ?= python3
REQUIREMENTS ?= requirements-dev.txt
PYTHON := $(VENV)/bin/python

.PHONY: demo test fast lint setup clean

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.txt requirements-dev.txt $(REQUIREMENTS) setup.py
	$(BASE_PYTHON) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --upgrade pip
	$(PYTHON) -m pip install --quiet -r $(REQUIREMENTS)
	$(PYTHON) -m pip install --quiet --no-deps -e .
	touch $@

# The main job on generated images: train from scratch, evaluate, export, predict. About ten minutes on two cores.
demo: setup
	$(PYTHON) tools/demo.py $(DEMO_ARGS)

# Everything: style, types, fast and slow tests, in two processes that grow to 4 and 7 GB.
test: setup lint
	$(PYTHON) -m pytest -n 2 --dist loadfile

fast: setup
	$(PYTHON) -m pytest -m "not slow"

lint: setup
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

clean:
	rm -rf $(VENV) data/synthetic demo build *.egg-info
