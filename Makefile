# What a fresh machine with Rust, Python and make needs: `make demo`, `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTENSION := python/grism_ray/_native.abi3.so
# Grism's extension with operators of another crate.
EXAMPLE_MODULE := examples/custom_operator/python/grism_custom_operator.abi3.so
# The same features for every build, so that each goes on where another ended: tests stop writers at the points that
# `failpoints` marks.
CARGO_OPTIONS := --locked --features grism-python/failpoints
EVERYTHING := $(CARGO_OPTIONS) --workspace --all-targets

.PHONY: help setup extension build demo test conformance faults fuzz lint formatted lint-python deny features format wheel bench bench-peers bench-scaling

help:
	@echo "make demo    load the flights, query them locally and on Ray"
	@echo "make test    every test"
	@echo "make conformance  the whole openCypher TCK, locally, in stages and on Lance"
	@echo "make faults  writers that are killed, 20 at each step of a commit and 100 at random times"
	@echo "make fuzz    random texts for the parser and its speed, random queries for the engines, each many times"
	@echo "make lint    formatting, clippy, rustdoc, ruff, mypy"
	@echo "make deny    licences, bans and sources of dependencies, by cargo-deny"
	@echo "make features  the library, the command and the extension without cargo features, and with each alone"
	@echo "make wheel   the Python package with the grism command, in release, tried in a bare virtual environment"
	@echo "make bench-peers  the table of Grism beside other systems; OPTIONS='--quick --only teams' and others: OPTIONS=--help"
	@echo "make bench-scaling  how times and memory grow from the generated graphs to 4 and 16 times their size; OPTIONS=--help"
	@echo "make bench   the times of the demo's queries, of bulk loads beside Kuzu and DuckDB, and of point lookups"

setup: $(VENV)/ready

$(VENV)/ready: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -c "import sysconfig, pathlib; pathlib.Path(sysconfig.get_path('purelib'), 'grism_ray.pth').write_text('$(CURDIR)/python\n')"
	touch $@

# What the demo runs, and no tests.
extension: $(VENV)/ready
	cargo build $(CARGO_OPTIONS) -p grism-python
	cmp --silent target/debug/libgrism_python.so $(EXTENSION) || cp target/debug/libgrism_python.so $(EXTENSION)

build: $(VENV)/ready
	cargo build $(EVERYTHING)
	cmp --silent target/debug/libgrism_python.so $(EXTENSION) || cp target/debug/libgrism_python.so $(EXTENSION)
	cmp --silent target/debug/libgrism_custom_operator_python.so $(EXAMPLE_MODULE) || cp target/debug/libgrism_custom_operator_python.so $(EXAMPLE_MODULE)

demo: extension
	$(BIN)/python examples/demo.py

test: build
	cargo test $(EVERYTHING) -- --nocapture
	cargo test $(CARGO_OPTIONS) --workspace --doc
	$(BIN)/python -m pytest python/tests

conformance: build
	GRISM_CONFORMANCE=all $(BIN)/python -m pytest python/tests/test_tck.py

faults: build
	GRISM_FAULT_KILLS=20 GRISM_FAULT_RANDOM=100 cargo test $(EVERYTHING) faults -- --nocapture
	$(BIN)/python benches/writers.py --seconds 60

fuzz: build
	GRISM_FUZZ_INPUTS=10000000 cargo test --release --locked -p grism-cypher fuzz -- --nocapture
	cargo test --release --locked -p grism-cypher speed:: -- --nocapture
	$(BIN)/python benches/fuzz.py --kind model --pairs 50000
	$(BIN)/python benches/fuzz.py --kind cutting --pairs 50000
	$(BIN)/python benches/fuzz.py --kind equivalence --pairs 50000
	$(BIN)/python benches/fuzz.py --kind rewrites --pairs 50000
	$(BIN)/python benches/fuzz.py --planted

lint: setup formatted lint-python
	cargo clippy $(EVERYTHING) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --workspace --no-deps

formatted:
	cargo fmt --all --check

# Licences, bans and sources of what is built with; advisories need a database from the network, which the workflow of the
# repository has.
deny:
	@command -v cargo-deny > /dev/null || cargo install --locked cargo-deny
	cargo deny --locked check licenses bans sources

# Each set of features has cargo check again what lies below them, Lance among it, so that no other target asks for one.
# Warnings are errors, since what only a feature uses must not be there without it.
FEATURE_SETS := none ray s3 gcs azure
features: $(VENV)/ready
	for package in grism grism-cli grism-python; do for set in $(FEATURE_SETS); do \
		echo "$$package with the features: $$set"; \
		cargo clippy --locked --quiet -p $$package --lib --bins --no-default-features \
			$$(test $$set = none || echo --features $$set) -- -D warnings || exit 1; \
	done; done
	cargo test --locked -p grism --no-default-features --lib without_ray

lint-python: $(VENV)/ready
	$(BIN)/ruff check python examples benches
	$(BIN)/ruff format --check python examples benches
	$(BIN)/mypy

format: setup
	cargo fmt --all
	$(BIN)/ruff format python examples benches

wheel: setup
	$(BIN)/maturin build --release --locked --out target/wheels
	$(BIN)/python benches/check_wheel.py

bench: build
	$(BIN)/python benches/demo_queries.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benches/requirements.txt
	$(BIN)/python benches/bulk_load.py
	$(BIN)/python benches/point_lookup.py

# The other systems have an environment of their own, since they want other versions of what Ray wants.
PEERS := target/peers/venv

$(PEERS)/ready: benches/peers/requirements.txt $(VENV)/ready
	test -x $(PEERS)/bin/python || $(BIN)/python -m venv $(PEERS)
	for package in $$(cat benches/peers/requirements.txt); do \
		$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check $$package \
			|| echo "$$package cannot be installed here, so it is left out"; \
	done
	touch $@

# Grism is built with the profile of `make demo`.
bench-peers: extension $(PEERS)/ready
	PYTHONPATH=benches $(BIN)/python -m peers --peer-python $(PEERS)/bin/python $(OPTIONS)

bench-scaling: extension
	PYTHONPATH=benches $(BIN)/python -m peers.scaling $(OPTIONS)
