# Two commands do everything on a fresh machine: `make demo` and `make test`.
VENV ?= .venv
BASE_PYTHON ?= python3
REQUIREMENTS ?= requirements-dev.txt
# The versions that the tests last passed with. Empty: the newest that the requirements allow.
CONSTRAINTS ?= constraints.txt
PYTHON := $(VENV)/bin/python
INSTALL := $(PYTHON) -m pip install --quiet$(CONSTRAINTS:%= --constraint %)

.PHONY: demo demo-read test test-latest test-pythons fast lint setup clean

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.txt requirements-dev.txt $(REQUIREMENTS) $(CONSTRAINTS) $(wildcard setup.py pyproject.toml)
	$(BASE_PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade pip
	$(INSTALL) -r $(REQUIREMENTS)
	$(INSTALL) --no-deps$(CONSTRAINTS:%= --build-constraint %) -e .
	touch $@

# The main job on generated images: train from scratch, evaluate, export, predict. About ten minutes on two cores.
demo: setup
	$(PYTHON) tools/demo.py $(DEMO_ARGS)

# The same for reading: a recogniser from scratch on generated text lines. About ten minutes on one core.
demo-read: setup
	$(PYTHON) tools/demo_read.py $(DEMO_ARGS)

# Everything: style, types, fast and slow tests, in two processes of at most 5 GB each; programs that tests start take up to 7 GB more.
test: setup lint
	$(PYTHON) -m pytest -n 2 --dist loadfile

# The same with the newest versions that the requirements allow, in a new environment; lists them first.
test-latest:
	rm -rf .venv-latest
	$(MAKE) setup VENV=.venv-latest CONSTRAINTS=
	.venv-latest/bin/python -m pip list
	$(MAKE) test VENV=.venv-latest CONSTRAINTS=

# The fast tests with each supported Python that this machine has; says which it has not.
test-pythons:
	@ran= ; missing= ; failed= ; \
	for version in 3.10 3.11 3.12; do \
	  if python$$version -c "import venv" 2> /dev/null; then \
	    ran="$$ran $$version"; \
	    $(MAKE) fast VENV=.venv-$$version BASE_PYTHON=python$$version || failed="$$failed $$version"; \
	  else missing="$$missing $$version"; fi; \
	done; \
	echo "fast tests run with Python:$${ran:- none}; failed:$${failed:- none}; not installed:$${missing:- none}"; \
	test -n "$$ran" && test -z "$$failed"

fast: setup
	$(PYTHON) -m pytest -m "not slow"

lint: setup
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

clean:
	rm -rf $(VENV) .venv-latest .venv-3.* data/synthetic demo demo_read build *.egg-info
