# Everything runs from .venv by its own path; no environment needs to be activated.
PYTHON ?= python3
BIN = .venv/bin
export OMP_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
# Grading and tests start many processes: without compiled files each would compile every module again.
unexport PYTHONDONTWRITEBYTECODE
# Each test worker is a process of one thread; two suit the smallest machines.
WORKERS ?= 2
# A file stays with one worker: what it sets up (a graded class, a browser) is set up once. In the order of their names:
# by numbers of tests, as xdist would have it, the browser would come last and the other worker wait.
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# Lectures are run by nbval; they come last, a page a file, so that no worker waits long for the other.
NBVAL = --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg

.PHONY: help setup demo lab check test test-units mutants coverage test-lectures lint release lectures lock bench clean

help: ## show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 16

setup: ## make .venv, or find it made
	@command -v $(PYTHON) >/dev/null || { echo "set-up stopped: there is no $(PYTHON); install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) tools/setup_environment.py

demo: setup ## a class hands in A1 and is graded; prints the table
	@$(BIN)/course demo

lab: setup ## open JupyterLab with the lectures and assignments
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m jupyter lab --notebook-dir="$(CURDIR)" $(LAB)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

check: lint ## lint, types and the fast tests: under two minutes
	@$(PYTEST) -m "not slow"

test-units: setup
	@$(PYTEST)

mutants: setup ## every mutant of every right answer; make test judges a third of those of the alternatives
	@COURSE_MUTANTS=all $(PYTEST) tests/test_mutants.py

coverage: setup ## the tests again, and which lines of course_utils they reach; half as long again
	@$(PYTEST) --cov=course_utils --cov-report=term

test-lectures: setup
	@PYTHONWARNINGS=ignore COURSE_DEVICE=cpu $(PYTEST) $(NBVAL) lectures

test: lint ## everything: lint, tests, every grader, every lecture
	@PYTHONWARNINGS=ignore COURSE_DEVICE=cpu $(PYTEST) $(NBVAL) tests lectures

release: setup ## generate assignments/ and pack the students' zip
	@$(BIN)/course release

lectures: setup ## execute the lectures anew: make lectures PAGES="lectures/02*.ipynb"
	@$(BIN)/python tools/run_notebooks.py $(or $(PAGES),$(wildcard lectures/*.ipynb))

bench: setup ## measure; prints its tables
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lock: setup ## resolve the dependencies anew
	@$(BIN)/python tools/setup_environment.py --lock

clean: ## remove what demo, release and grading made
	rm -rf build dist .hypothesis .coverage .mypy_cache .ruff_cache .pytest_cache
