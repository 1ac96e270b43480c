# A thin layer over CMake: each flavor has its folder build/FLAVOR. `make test SUITE=base` runs one suite.
CMAKE ?= cmake
JOBS ?= $(shell nproc)
PYTHON ?= /usr/bin/python3
FUZZ_SECONDS ?= 60
ANALYZE_SECONDS ?= 1800
BENCH_DIR ?= ../shared/bench
BENCH_WORK ?= W1,W2,W3,W3h,W3g,W4,W4t,Wsat
BENCH_FLAGS ?=
SUITE ?=
SEEDS ?= 1000
FIRST_SEED ?= 1
SIMULATE_FLAVOR ?= sim
CONFIG ?= docs/examples/quickstart.alloy

# The editor extension as vscode-extension/invar.vsix; modules come from the package registry, pinned.
extension: build
	@packaging/install-deps.sh editor
	cd vscode-extension && npm ci --ignore-scripts --no-audit --no-fund && INVAR_BIN=$(CURDIR)/build/release/invar npm test && npm run package

.PHONY: docs extension run test build debug asan tsan sim release test-tsan h2spec lint analyze coverage format grammar fuzz simulate mutants bench clean deps-build deps-test

build: deps-build release

run: build
	build/release/invar run --storage.path=build/run $(CONFIG)

test: deps-test
	@$(MAKE) --no-print-directory asan TARGETS="all tests"
	@$(PYTHON) tests/run.py build/asan $(SUITE)

test-tsan: deps-test
	@$(MAKE) --no-print-directory tsan TARGETS="all tests"
	@$(PYTHON) tests/run.py build/tsan $(SUITE)

# The HTTP/2 conformance test, which needs Go and the module proxy once; `make test` runs it too from then on.
h2spec: asan
	@packaging/h2spec.sh build/tools
	@INVAR_BIN=$(CURDIR)/build/asan/invar INVAR_SOURCE=$(CURDIR) tests/integration/h2spec.sh

deps-build:
	@packaging/install-deps.sh build

deps-test:
	@packaging/install-deps.sh build test

TARGETS = all
debug asan tsan sim release:
	@test -f build/$@/build.ninja || $(CMAKE) -S . -B build/$@ -G Ninja -DINVAR_FLAVOR=$@
	@$(CMAKE) --build build/$@ -j $(JOBS) --target $(TARGETS)

lint: deps-test
	@packaging/lint.sh

format:
	@git ls-files '*.c' '*.h' ':!grammar/src' | xargs clang-format -i

# The committed files of grammar/src; parser.c only where the tree-sitter generator is installed.
grammar:
	@grammar/generate.sh || [ $$? -eq 77 ]

fuzz: deps-test
	@test -f build/fuzz/build.ninja || CC=clang CXX=clang++ $(CMAKE) -S . -B build/fuzz -G Ninja -DINVAR_FLAVOR=fuzz
	@$(CMAKE) --build build/fuzz -j $(JOBS) --target fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh build/fuzz $(SUITE)

# How much of its decoder each fuzz target's saved inputs reach (and what runs in build/fuzz have found).
coverage: deps-test
	@test -f build/cover/build.ninja || CC=clang CXX=clang++ $(CMAKE) -S . -B build/cover -G Ninja -DINVAR_FLAVOR=cover
	@$(CMAKE) --build build/cover -j $(JOBS) --target fuzzers
	@$(PYTHON) tests/fuzz/coverage.py build/cover build/fuzz/fuzz $(SUITE)

# The analyzers of gcc and clang over the product's sources; slower than lint, which has the rest.
analyze: deps-test
	@$(MAKE) --no-print-directory asan >/dev/null
	@$(PYTHON) tests/house/tidy.py build/asan --tool gcc --seconds $(ANALYZE_SECONDS)
	@$(PYTHON) tests/house/tidy.py build/asan --tool clang --seconds $(ANALYZE_SECONDS)

# The pages of docs/reference that are written from the schemas.
docs: release
	@packaging/docs.sh build/release/invar docs/reference

# A failing seed prints the command that replays it.
simulate:
	@$(MAKE) --no-print-directory $(SIMULATE_FLAVOR) TARGETS=simulate
	@build/$(SIMULATE_FLAVOR)/simulate --first $(FIRST_SEED) --seeds $(SEEDS) --jobs $(JOBS)

# A line a deliberate bug and what finds it.
mutants: deps-test
	@$(MAKE) --no-print-directory $(SIMULATE_FLAVOR) TARGETS=simulate
	@$(MAKE) --no-print-directory asan TARGETS="all tests"
	@SEEDS=$(SEEDS) JOBS=$(JOBS) tests/mutants.sh build/$(SIMULATE_FLAVOR)/simulate build/asan

# The kit is built in a copy: the folder it comes from may be read-only.
bench: deps-test release
	@test -d $(BENCH_DIR) || { echo "no benchmark kit in $(BENCH_DIR); set BENCH_DIR" >&2; exit 1; }
	@mkdir -p build/bench && cp -RuT $(BENCH_DIR) build/bench/tool && chmod -R u+w build/bench/tool
	@$(MAKE) --no-print-directory -C build/bench/tool/kit
	$(PYTHON) build/bench/tool/bench.py run --bin invar:alloy=$(CURDIR)/build/release/invar \
		--work $(BENCH_WORK) --out build/bench/results $(BENCH_FLAGS)

clean:
	rm -rf build/debug build/asan build/tsan build/sim build/release build/fuzz build/cover build/bench
