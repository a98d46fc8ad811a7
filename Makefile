PYTHON ?= python3
BACKENDS ?= tensorflow jax
BIN := .venv/bin
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: demo test browser notebooks clients oldest check bench figures clean

demo: .venv/demo.done  ## train models that collapse and watch them be caught
	$(BIN)/python examples/demo.py

# A third worker fills the gaps in which two would wait.
test: .venv/test.done browser $(if $(findstring torch,$(BACKENDS)),.venv/torch.done)  ## the suite, once per backend
	@set -e; for backend in $(BACKENDS); do \
	  echo "== $$backend"; KERAS_BACKEND=$$backend $(BIN)/python -m pytest -n 3 --dist worksteal; done

browser:  # the report is tested in Chromium; without root or apt that one test says so and is skipped
	@if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
	    --no-install-recommends chromium chromium-driver >/dev/null \
	  || echo "Chromium could not be installed: that test will fail"; fi

notebooks: .venv/test.done  ## the notebooks, run from top to bottom
	KERAS_BACKEND=tensorflow $(BIN)/python -m pytest -n 2 --nbmake notebooks

# Beside another worker a BLAS with threads of its own waits for itself.
clients: .venv/clients.done  ## programs of Keras Hub, Keras Recommenders, BayesFlow and Keras Tuner
	@set -e; for backend in tensorflow jax; do echo "== $$backend"; \
	  KERAS_BACKEND=$$backend OPENBLAS_NUM_THREADS=1 \
	    $(BIN)/python -m pytest -n 2 --dist loadfile tests/clients; done

oldest: .venv/oldest.done  ## the promises and the callbacks on the oldest versions that are allowed
	KERAS_BACKEND=tensorflow .venv/oldest/bin/python -m pytest -n 3 --dist worksteal \
	  tests/test_promises.py tests/callbacks

check: .venv/check.done  ## lint, format, types, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zensical build --strict

# Results of another state of the code must not be taken for today's: RESUME=1 goes on where it was.
bench: .venv/bench.done  ## slow: recall, false alarms, cost; writes docs/benchmarks
	$(if $(RESUME),,rm -rf build/bench)
	@set -e; for question in detection causes rescue adjust overhead; do \
	  $(BIN)/python -m benchmarks $$question \
	    --results build/bench/$$question.jsonl --report docs/benchmarks/$$question.md; done
	$(BIN)/python -m benchmarks losses \
	  --results build/bench/losses.jsonl --report docs/losses/comparison.md

figures: .venv/test.done  ## the pictures of README and docs
	KERAS_BACKEND=tensorflow $(BIN)/python docs/images/make_figures.py

clean:
	rm -rf .venv build

.venv/venv.done:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

.venv/demo.done: .venv/venv.done pyproject.toml
	$(BIN)/python -m pip install --quiet --editable . --group demo
	touch $@

.venv/test.done: .venv/demo.done pyproject.toml
	$(BIN)/python -m pip install --quiet --group test
	touch $@

.venv/bench.done: .venv/test.done pyproject.toml
	$(BIN)/python -m pip install --quiet --group bench
	touch $@

.venv/torch.done: .venv/test.done pyproject.toml
	$(BIN)/python -m pip install --quiet --group torch
	touch $@

# What others have chosen stays as it is: rather an error than another TensorFlow.
.venv/clients.done: .venv/test.done pyproject.toml
	$(BIN)/python -m pip freeze --quiet --exclude-editable | grep -v ' @ ' >.venv/installed.txt
	$(BIN)/python -m pip install --quiet --group clients -c .venv/installed.txt
	touch $@

.venv/oldest.done: pyproject.toml
	$(PYTHON) -m venv .venv/oldest
	.venv/oldest/bin/python -m pip install --quiet --upgrade pip
	.venv/oldest/bin/python -m pip install --quiet --editable . --group oldest $$(.venv/oldest/bin/python -c \
	  "import tomllib; print(*[f.replace('>=', '==') for f in tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']])")
	touch $@

.venv/check.done: .venv/demo.done pyproject.toml
	$(BIN)/python -m pip install --quiet --group check
	touch $@
