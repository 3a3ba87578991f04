# Two commands a newcomer needs: `make demo` and `make test`. Each makes its own environment; python3 and make are enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint bench results clean

demo: $(VENV)/.ready
	$(BIN)/rewire run light-switch/digits light-switch/expressivity --out demo
	$(BIN)/rewire report demo --out report.html

test: $(VENV)/.ready-test
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.ready-test
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/pyright

bench: $(VENV)/.ready
	$(BIN)/rewire bench

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis demo report.html

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rewire needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.ready-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,lint]'
	touch $@ $(VENV)/.ready
