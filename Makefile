# What a fresh machine with Rust, Python and make needs: `make demo`, `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTENSION := python/grism_ray/_native.abi3.so
# One build for everything: cargo's answer hangs on the set of packages and targets that it is asked for.
CARGO_BUILD := cargo build --locked --workspace --all-targets

.PHONY: help setup build demo test faults lint format wheel bench

help:
	@echo "make demo    load the flights, query them locally and on Ray"
	@echo "make test    every test"
	@echo "make faults  writers that are killed, 20 at each step of a commit and 100 at random times"
	@echo "make lint    formatting, clippy, rustdoc, ruff, mypy"
	@echo "make wheel   the Python package, in release"
	@echo "make bench   the times of the demo's queries, of bulk loads beside Kuzu and DuckDB, and of point lookups"

setup: $(VENV)/ready

$(VENV)/ready: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -c "import sysconfig, pathlib; pathlib.Path(sysconfig.get_path('purelib'), 'grism_ray.pth').write_text('$(CURDIR)/python\n')"
	touch $@

build: $(VENV)/ready
	$(CARGO_BUILD)
	cmp --silent target/debug/libgrism_python.so $(EXTENSION) || cp target/debug/libgrism_python.so $(EXTENSION)

demo: build
	$(BIN)/python examples/demo.py

test: build
	cargo test --locked --workspace --all-targets -- --nocapture
	$(BIN)/python -m pytest python/tests

faults: build
	GRISM_FAULT_KILLS=20 GRISM_FAULT_RANDOM=100 cargo test --locked --workspace --all-targets faults -- --nocapture
	$(BIN)/python benches/writers.py --seconds 60

lint: setup
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --workspace --no-deps
	$(BIN)/ruff check python examples benches
	$(BIN)/ruff format --check python examples benches
	$(BIN)/mypy

format: setup
	cargo fmt --all
	$(BIN)/ruff format python examples benches

wheel: setup
	$(BIN)/maturin build --release

bench: build
	$(BIN)/python benches/demo_queries.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benches/requirements.txt
	$(BIN)/python benches/bulk_load.py
	$(BIN)/python benches/point_lookup.py
