# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# STRICT=1: nothing may be left out, as in CI.
STRICT ?=
WORKERS ?= 2
# ORIGINAL=/path/to/python: an interpreter that has oracle-ads; without it `make compat` sets one up.
ORIGINAL ?=
# COMPAT=frameworks: with an environment of their own for torch, TensorFlow, transformers and Spark as well: 3 GB more.
COMPAT ?=
THEIRS := .venv-original$(COMPAT:%=-%)
THEIR_FRAMEWORKS := $(if $(COMPAT),torch==2.13.0 tensorflow-cpu transformers pyspark onnxscript tf2onnx)
# COMMANDS=/path/to/oci: an oci-cli; without it `make compat` sets one up.
COMMANDS ?=
CLIENTS := .venv-clients
# MLSERVER=/path/to/python: an interpreter that has MLServer; without it `make compat` sets one up.
MLSERVER ?=
THEIR_SERVER := .venv-mlserver
OLDER := 2.14.9 2.8.11

.PHONY: help demo test ray compat fuzz openapi lint types layers format screenshots bench catalog serving peers faults soak figures clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	@touch $@

$(VENV)/.test-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,frameworks,docs]'
	@touch $@ $(VENV)/.demo-installed

demo: $(VENV)/.demo-installed  ## Train a model, register it, deploy it, predict: the main job on this machine alone
	$(BIN)/python examples/breast_cancer.py

test: $(VENV)/.test-installed  ## Run the whole suite; says at its end what it left out
	OPENADS_TEST_STRICT=$(STRICT) $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope tests

RAY_TESTS ?= tests/e2e/test_bad_input.py tests/e2e/test_own_score.py tests/e2e/test_rollouts.py tests/e2e/frameworks/test_sklearn.py tests/e2e/ray_environment.py
ray: $(VENV)/.test-installed  ## The same end-to-end tests on a Ray cluster of three nodes that is made for them (RAY_TESTS=paths)
	OPENADS_TEST_ENGINE=ray OPENADS_TEST_STRICT=$(STRICT) $(BIN)/python -m pytest $(RAY_TESTS)

$(THEIRS)/.installed:
	$(PYTHON) -m venv $(THEIRS)
	$(THEIRS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
		oracle-ads==2.16.1 scikit-learn cloudpickle joblib xgboost-cpu lightgbm skl2onnx onnxmltools onnxruntime \
		$(THEIR_FRAMEWORKS)
	for version in $(OLDER); do $(THEIRS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
		--no-deps --target $(THEIRS)/older/$$version oracle-ads==$$version || exit; done
	@touch $@

$(CLIENTS)/.installed:
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile oci-cli==3.95.1
	@touch $@

$(THEIR_SERVER)/.installed:
	$(PYTHON) -m venv $(THEIR_SERVER)
	$(THEIR_SERVER)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile mlserver==1.7.1
	@touch $@

THEIR_CLIENTS := $(if $(ORIGINAL),,$(THEIRS)/.installed) $(if $(COMMANDS),,$(CLIENTS)/.installed) $(if $(MLSERVER),,$(THEIR_SERVER)/.installed)

compat: $(VENV)/.test-installed $(THEIR_CLIENTS)  ## Drive the service with oracle-ads, ocifs, oci-cli, the oci SDK and MLServer's client (ORIGINAL=python, COMMANDS=oci, MLSERVER=python, else made; COMPAT=frameworks for all kinds of models)
	OPENADS_COMPAT_CLI=$(or $(COMMANDS),$(CURDIR)/$(CLIENTS)/bin/oci) \
	OPENADS_COMPAT_MLSERVER=$(or $(MLSERVER),$(CURDIR)/$(THEIR_SERVER)/bin/python) \
	OPENADS_COMPAT_ORIGINAL=$(or $(ORIGINAL),$(CURDIR)/$(THEIRS)/bin/python) \
	OPENADS_COMPAT_OLDER=$(if $(ORIGINAL),$(COMPAT_OLDER),$(subst $(eval) ,:,$(OLDER:%=$(CURDIR)/$(THEIRS)/older/%))) \
	$(BIN)/python -m pytest tests/compat

openapi: $(VENV)/.test-installed  ## Write docs/openapi.json, the description of the API
	$(BIN)/python -m ads.api.openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

docs: $(VENV)/.test-installed  ## Build the documentation into build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

notebooks: $(VENV)/.test-installed  ## Write the notebooks of the examples from their scripts
	$(BIN)/python docs/example_pages.py

$(VENV)/.fuzz-installed: $(VENV)/.test-installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	@touch $@

# SECONDS=n: how long in all; TARGETS="name …": which, instead of all.
SECONDS ?= 120
TARGETS ?=
fuzz: $(VENV)/.fuzz-installed  ## Fuzz listener, frames and decoders with atheris for SECONDS in all
	$(BIN)/python -m tests.fuzz.run_atheris $(SECONDS) $(TARGETS)

lint: $(VENV)/.test-installed  ## Style and common mistakes
	$(BIN)/ruff check src tests examples benchmarks docs/*.py
	$(BIN)/ruff format --check src tests examples benchmarks docs/*.py

types: $(VENV)/.test-installed  ## mypy, strict
	$(BIN)/mypy

layers: $(VENV)/.test-installed  ## Imports point downwards
	$(BIN)/lint-imports

format: $(VENV)/.test-installed  ## Put the code in its one format
	$(BIN)/ruff check --fix src tests examples benchmarks docs/*.py
	$(BIN)/ruff format src tests examples benchmarks docs/*.py

screenshots: $(VENV)/.test-installed  ## Take pictures of every page of the console and of the cards in notebooks: docs/images
	$(BIN)/python -m tests.ui.pictures docs/images

bench: $(VENV)/.test-installed  ## Measure the figures of the main job and of score.py, and print them as tables
	$(BIN)/python benchmarks/main_job.py
	$(BIN)/python benchmarks/score.py

# CATALOG="--leave-out mlflow transfer --seconds 3": a part of it.
catalog: $(VENV)/.test-installed  ## Measure the model catalog: registrations, lists, search, transfers, beside MLflow
	$(BIN)/python benchmarks/catalog.py $(CATALOG)

serving: $(VENV)/.test-installed  ## Measure requests per second and latencies of predictions over HTTP
	$(BIN)/python -m benchmarks.serving $(SERVING)

# PEERS="--models iris --rounds 1": a part of it.
peers: $(VENV)/.test-installed  ## The same beside other servers, each in an environment of its own; twenty minutes
	$(BIN)/python -m benchmarks.serving --peers all --models all --seconds 1 $(PEERS)

# FAULTS="F1 F29 --seed 7": which, and how; FAULTS=--storage: those of disks and databases as well; --help says more.
FAULTS ?=
faults: $(VENV)/.test-installed  ## Kill, stop, starve and overload a real service, and print what its callers noticed
	$(BIN)/python -m benchmarks.faults $(FAULTS)

MINUTES ?= 30
soak: $(VENV)/.test-installed  ## Use a service for MINUTES, and see whether it grows
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

figures: bench $(VENV)/.test-installed  ## bench, and the installed size of the base in a fresh environment
	$(BIN)/python benchmarks/footprint.py

clean:  ## Remove what the targets above made here
	rm -rf $(VENV) .venv-original .venv-original-frameworks $(CLIENTS) $(THEIR_SERVER) .venv-peers .venv-mlflow .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
