# Two commands do all the set-up: `make demo` and `make test`. Both rest on `make install`.

SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
FUZZ_VENV := .venv-fuzz
DEMO_ARGS ?=
TEST_ARGS ?=
TEST_WORKERS ?= 4
LAB_TESTS ?= tests/lab
SERVERS ?=
BENCH_ARGS ?=

.PHONY: help install demo lab image test test-fast test-fast-debian13 test-lab test-kube test-image soak fuzz bench \
	findings check docs chart dashboards format lock clean

help:
	@echo 'make demo       the daemon on the embedded mail path, status page on http://127.0.0.1:9641'
	@echo 'make lab        real HAProxy, Postfix, Dovecot and sshd to look at with mailpath, until Ctrl-C (as root)'
	@echo 'make test       every test but those of cluster and image, real servers included (installs missing ones where it may)'
	@echo 'make test-fast  those of them that need no server, in a minute or two; part of make test'
	@echo 'make test-fast-debian13  the same with the Python of Debian 13, in a root of its own (as root)'
	@echo 'make test-lab   the laboratory alone; SERVERS=debian12, debian13 or sid: with the servers of that release'
	@echo 'make test-kube  the tests against a real kube-apiserver (builds it once, or takes KUBEBUILDER_ASSETS)'
	@echo 'make test-image the container image, built and run as a cluster runs it (as root)'
	@echo 'make image      the container image, by buildah'
	@echo 'make soak       an hour at 50 times the shipped pace, a fault a minute (SOAK_MINUTES)'
	@echo 'make fuzz       atheris on every parser, ten minutes in all (FUZZ_SECONDS)'
	@echo 'make findings   what surprised us in outside software, shown again (installs pinned packages in temporary folders)'
	@echo 'make check      ruff, mypy --strict, import-linter, deptry, hadolint'
	@echo 'make dashboards the JSON for Grafana, from dashboards/'
	@echo 'make bench      CPU time beside the peers, into bench/results.md (installs missing peers where it may)'
	@echo 'make docs       the reference documents and the chart, from the code'
	@echo 'make format     ruff, with its repairs'
	@echo 'make chart      what the chart in helm/ has from elsewhere'
	@echo 'make lock       pin requirements*.txt anew (takes uv)'
	@echo 'make clean      remove .venv and caches'

install: $(VENV)/.installed

$(VENV)/.installed: requirements-dev.txt pyproject.toml tools/install-python.sh
	@tools/install-python.sh '$(PYTHON)' '$(VENV)'
	@touch $@

demo: install
	$(BIN)/mailpath demo $(DEMO_ARGS)

lab: install
	@tools/install-servers.sh
	@$(BIN)/python -m tests.lab

# Workers wait most of their time, for servers and for faults to show: there may be twice as many as processors. The
# daemon is started hundreds of times: whatever a shell may have set, its bytecode is kept.
test test-fast test-lab test-kube test-image: export PYTHONDONTWRITEBYTECODE =
test test-fast test-lab: PYTEST = $(BIN)/python -m pytest -n $(TEST_WORKERS) --max-worker-restart=0

test: install
	@tools/install-servers.sh
	$(PYTEST) $(TEST_ARGS)

test-fast: TEST_WORKERS = 3
test-fast: install
	$(PYTEST) -m 'not servers' $(TEST_ARGS)

test-fast-debian13: install
	@tools/install-servers.sh debian
	@tools/in-debian.sh trixie make test-fast

# Servers of another release are unpacked into a cache, nothing is installed; LAB_TESTS names the tests.
test-lab: install
	@tools/install-servers.sh
	servers="$(if $(SERVERS),$$(tools/servers-root.sh $(SERVERS)))" && \
		MAILPATH_SERVERS="$$servers" $(PYTEST) $(LAB_TESTS) $(TEST_ARGS)

test-kube: install
	assets="$${KUBEBUILDER_ASSETS:-$$(tools/envtest.sh)}" && \
		KUBEBUILDER_ASSETS="$$assets" $(BIN)/python -m pytest tests/kube $(TEST_ARGS)

image: install
	@tools/install-servers.sh image
	@tools/build-image.sh

test-image: install
	@tools/install-servers.sh image
	image="$$(tools/build-image.sh)" && MAILPATH_IMAGE="$$image" $(BIN)/python -m pytest tests/image $(TEST_ARGS)

# FUZZ_SECONDS (600) says how long, FUZZ_REPORT names a file for the result. atheris alone, in a place of its own:
# what is fuzzed needs nothing else.
fuzz: $(FUZZ_VENV)/.installed
	$(FUZZ_VENV)/bin/python -m tests.fuzz

$(FUZZ_VENV)/.installed: requirements-fuzz.txt
	$(PYTHON) -m venv --clear $(FUZZ_VENV)
	$(FUZZ_VENV)/bin/python -m pip install -q --require-hashes --only-binary :all: -r requirements-fuzz.txt
	@touch $@

# SOAK_MINUTES (60) says how long, SOAK_REPORT names a file for the result.
soak: install
	$(BIN)/python -m tests.soak

# Some twenty minutes on two quiet cores; BENCH_ARGS='checks maillog' takes these groups alone.
bench: install
	@tools/install-servers.sh bench
	$(BIN)/python -m bench $(BENCH_ARGS)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/hadolint Dockerfile

# By hand, never in CI: each shows its own output; what has changed or could not run is named at the end.
findings:
	@failed=''; for each in $$(ls findings/*.sh | grep -v /lib.sh); do \
	bash $$each || failed="$$failed $$each($$?)"; done; \
	[ -z "$$failed" ] || { echo "not as stated (1: changed, 2: could not run):$$failed" >&2; exit 1; }

# The reference documents and the chart say what the code says; a test holds the committed files to this.
docs: install chart
	$(BIN)/python tools/generate_docs.py

# What Grafana is given says what dashboards/ says; a test holds the committed JSON to this.
dashboards: install
	$(BIN)/python -m dashboards

# A chart reads no file outside itself: schema, rules, dashboards and the table of its values are made, and tested.
chart: install dashboards
	$(BIN)/python tools/generate_chart.py

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# uv resolves for every platform at once; the locks carry hashes and no addresses.
lock:
	uv pip compile -q pyproject.toml --extra uvloop --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.txt
	uv pip compile -q pyproject.toml --extra uvloop --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-dev.txt
	uv pip compile -q --group build --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-build.txt

clean:
	rm -rf $(VENV) $(FUZZ_VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
